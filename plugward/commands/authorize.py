"""``plugward authorize``."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from authz.contract import ContractState
from certs import pem
from certs.certificate import Certificate
from certs.edition import Edition
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from certs.revocation.hash_data import HashAlgorithm, of_chain, to_ocpp
from plugward import crls, inputs, offline, options, terminal
from plugward.authority import API_KEY_VARIABLE
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode
from plugward.http import Service

_ACCEPTED = "Accepted"


def run(
    files: options.Certificates,
    *,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="ask the authorization service here")
    ] = None,
    api_key_file: options.ApiKeyFile = None,
    by_hashes: Annotated[
        bool, typer.Option("--by-hashes", help="send OCPP's hash data instead of the chain")
    ] = False,
    issuer: Annotated[
        str | None, typer.Option(metavar="FILE", help="the root, which hash data need")
    ] = None,
    anchor: Annotated[
        list[str] | None,
        typer.Option(metavar="PURPOSE=FILE", help="decide here, by these roots; repeatable"),
    ] = None,
    crl: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE|URL", help="revocation evidence to decide by; repeatable"),
    ] = None,
    ocsp: Annotated[
        bool, typer.Option("--ocsp", help="ask the responders that the certificates name")
    ] = False,
    state: Annotated[
        ContractState, typer.Option(help="the contract's state, where it is decided here")
    ] = ContractState.ACTIVE,
    tolerate: options.Tolerate = None,
    sub_ca_role: options.SubCaRole = None,
    emaid: Annotated[
        str | None, typer.Option(help="the eMAID presented; else the certificate's own")
    ] = None,
    evse_id: Annotated[str | None, typer.Option(help="where the vehicle stands")] = None,
    at: options.At = None,
    as_json: options.Json = False,
) -> int:
    """Ask whether a contract may charge: a chain in, OCPP's pair out.

    With --url a running service decides and its log keeps the decision. With --anchor the same
    judge decides here, from the roots and the revocation evidence given; what is not given is not
    assumed, so a chain without --crl or --ocsp is not accepted. Exit status 0 for Accepted, 1 for
    every refusal.
    """
    if (url is None) is (not anchor):
        raise Complaint("either --url or --anchor", hint="a service's answer, or one made here")
    chain = inputs.chain(files)
    text = emaid or chain[0].common_name
    if text is None:
        raise Complaint("the certificate has not one common name", hint="--emaid")
    if url is not None:
        if at is not None:
            raise Complaint("a service answers for now", hint="--at goes with --anchor")
        body: dict[str, object] = {"idToken": {"idToken": text, "type": "eMAID"}}
        if by_hashes:
            body["iso15118CertificateHashData"] = _hash_data(chain, issuer)
        else:
            body["certificate"] = pem.encode(_rootless(chain))
        if evse_id is not None:
            body["evseId"] = evse_id
        key = inputs.secret(file=api_key_file, variable=API_KEY_VARIABLE, prompt="API key")
        if key is None:
            raise Complaint(
                "no API key", hint=f"--api-key-file FILE, or {API_KEY_VARIABLE} in the environment"
            )
        return _show(Service(url, key).ask("POST", "/v1/authorize", body), as_json=as_json)
    if by_hashes:
        raise Complaint("hash data name a certificate that a service holds", hint="--url")
    statement = offline.Statement(
        anchors=inputs.anchors(
            anchor or (), tolerated=tolerate or (), sub_ca_roles=sub_ca_role or ()
        ),
        crls=[crls.octets(source) for source in crl or ()],
        ask_ocsp=ocsp,
        state=state,
    )
    answer = offline.decide(
        chain,
        statement,
        emaid=EMAID.parse(text, edition=Edition.ISO_20),
        evse_id=None if evse_id is None else EVSEID.parse(evse_id),
        now=inputs.moment(at),
    )
    return _show(json.loads(answer), as_json=as_json)


def _rootless(chain: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
    """Leaf up to and without the root, as OCPP's field is defined."""
    return tuple(one for one in chain if not one.self_issued) or chain


def _hash_data(chain: tuple[Certificate, ...], issuer: str | None) -> list[dict[str, str]]:
    path = _rootless(chain)
    if issuer is not None:
        path = (*path, inputs.one_certificate(issuer))
    elif len(path) < len(chain):
        path = chain
    if len(path) == 1:
        raise Complaint("no issuer to hash", hint="--issuer FILE with the root")
    return [to_ocpp(entry) for entry in of_chain(path, HashAlgorithm.SHA256)]


def _show(answer: Mapping[str, Any], *, as_json: bool) -> int:
    info = answer.get("idTokenInfo", {})
    accepted = info.get("status") == _ACCEPTED
    if as_json:
        terminal.data_json(answer)
        return ExitCode.YES if accepted else ExitCode.NO
    terminal.pairs(
        [
            ("certificateStatus", answer.get("certificateStatus", "")),
            ("idTokenInfo.status", info.get("status", "")),
            ("cacheExpiryDateTime", info.get("cacheExpiryDateTime", "")),
            ("reason", answer.get("reason", "")),
            ("decisionId", answer.get("decisionId", "")),
        ]
    )
    terminal.findings(
        [
            (one["severity"], one["code"], one.get("where") or "-", one.get("detail") or "-")
            for one in answer.get("findings", ())
        ]
    )
    terminal.table(
        [
            (one["status"], one["where"], one["source"], one.get("nextUpdate", "-"))
            for one in answer.get("evidence", ())
        ]
    )
    return ExitCode.YES if accepted else ExitCode.NO
