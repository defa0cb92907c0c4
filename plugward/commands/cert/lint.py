"""``plugward cert lint``."""

from typing import Annotated

import typer

from certs import names
from certs.findings.finding import Severity
from certs.linting import lint
from certs.profiles import catalogue
from certs.profiles.rules import Profile
from plugward import inputs, options, reading, terminal
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode
from plugward.recognition import nearest


def _profile(name: str) -> Profile:
    try:
        return catalogue.by_name(name)
    except KeyError as bad:
        raise Complaint(f"no profile {name}", hint="plugward cert lint --list") from bad


def run(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="a certificate or chain; - reads standard input"),
    ] = None,
    *,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="the profile, as iso15118-2/contract")
    ] = None,
    issuer: Annotated[
        str | None, typer.Option(metavar="FILE", help="the issuing CA's certificate")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="list the profiles")] = False,
    as_json: options.Json = False,
) -> int:
    """Measure a certificate by a profile of ISO 15118-2 or -20.

    Of a chain the first certificate is measured. Without --profile it is measured by the one it
    deviates least from. With its issuer, in the same file or by --issuer, the rules between the
    two are looked at as well. Exit status 1 where a finding is an error.
    """
    if listing:
        if as_json:
            terminal.data_json(list(catalogue.names()))
        else:
            for name in catalogue.names():
                terminal.data(name)
        return ExitCode.YES
    if file is None:
        raise Complaint("no certificate given", hint="plugward cert lint FILE, or --list")
    certificate, *rest = inputs.certificates(file)
    above = next((one for one in rest if names.same(one.subject, certificate.issuer)), None)
    if issuer is not None:
        above = inputs.one_certificate(issuer)
    if profile is not None:
        chosen = _profile(profile)
    else:
        candidates = nearest(certificate)
        if not candidates:
            raise Complaint(
                f"a {certificate.key_kind.value} key belongs to no profile",
                hint="choose one with --profile",
                exit_code=ExitCode.NO,
            )
        chosen = candidates[0][0]
        terminal.say(f"measured by {chosen.name}, the profile it deviates least from")
    findings = lint(certificate, chosen, issuer=above)
    conforms = all(finding.severity is not Severity.ERROR for finding in findings)
    if as_json:
        terminal.data_json(
            {
                "profile": chosen.name,
                "revision": chosen.revision,
                "conforms": conforms,
                "findings": [reading.finding_json(finding) for finding in findings],
            }
        )
    else:
        terminal.findings(reading.finding_rows(findings))
        terminal.data(f"{'conforms' if conforms else 'does not conform'}: {chosen.name}")
    return ExitCode.YES if conforms else ExitCode.NO
