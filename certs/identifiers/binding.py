"""Whether a contract certificate's common name is the eMAID that was presented."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from certs.edition import Edition
from certs.errors import MalformedIdentifier
from certs.findings.catalogue import found
from certs.findings.finding import Finding, Severity
from certs.identifiers.emaid import EMAID, CheckDigit
from certs.identifiers.emaid import findings as check_digit_findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The eMAID that a certificate names, if it names one, and what is wrong with it."""

    emaid: EMAID | None
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing refuses."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)


def bind(
    common_names: Sequence[str],
    *,
    presented: EMAID | None,
    permitted_providers: Collection[str] | None = None,
    check_digit: CheckDigit = CheckDigit.WARN,
    edition: Edition = Edition.ISO_2,
) -> Binding:
    """Compare the common names of a contract leaf with the eMAID a station presented (X11).

    Exactly one common name must be there and be an eMAID; letter case, separators and check
    character do not matter for the comparison (EVerest's EvseV2G compares likewise;
    EVerest/EVerest#566). ``presented`` is None where the certificate is all there is.
    ``permitted_providers`` are the provider identifiers that the issuing sub-CA may name (X10);
    None asks nothing, an empty collection permits nobody.
    """
    if not common_names:
        return Binding(emaid=None, findings=(found("identity.common_name_missing", where="leaf"),))
    if len(common_names) > 1:
        repeated = found(
            "identity.common_name_repeated",
            where="leaf",
            detail=f"{len(common_names)} common names",
        )
        return Binding(emaid=None, findings=(repeated,))
    try:
        if presented is not None and presented.is_written(common_names[0], edition):
            emaid = presented
        else:
            emaid = EMAID.parse(common_names[0], edition=edition)
    except MalformedIdentifier as bad:
        malformed = found("identity.emaid_malformed", where="leaf", detail=bad.detail)
        return Binding(emaid=None, findings=(malformed,))
    findings = list(check_digit_findings(emaid, check_digit, where="leaf"))
    if presented is not None:
        findings += check_digit_findings(presented, check_digit, where="id_token")
        if presented != emaid:
            findings.append(found("identity.emaid_mismatch", where="leaf"))
    if permitted_providers is not None and emaid.provider_id not in permitted_providers:
        findings.append(
            found(
                "identity.provider_not_permitted",
                where="leaf",
                detail=f"provider {emaid.provider_id}",
            )
        )
    return Binding(emaid=emaid, findings=tuple(findings))
