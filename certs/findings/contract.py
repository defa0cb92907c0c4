"""The catalogue's codes for contracts, and for questions whose proof does not reach one."""

from certs.findings.finding import Entry, Severity

_ASK_MO = "ask the mobility operator about this contract"
_REGISTRY = "compare the registry's entry (GET /v1/contracts/{emaid}) with the mobility operator's"


def _standing(code: str, word: str, title: str, citation: str, action: str = _ASK_MO) -> Entry:
    """A state in which the chain is accepted and the contract decides (OCPP C07.FR.14)."""
    return Entry(
        code=f"contract.{code}",
        severity=Severity.ERROR,
        title=title,
        citation=citation,
        action=action,
        certificate_status="Accepted",
        id_token_status=word,
        iso_2="FAILED",
        iso_20="WARNING_GeneralPnCAuthorizationError",
    )


def _cancelled(
    code: str,
    word: str,
    title: str,
    action: str,
    iso_20: str = "WARNING_GeneralPnCAuthorizationError",
) -> Entry:
    """A state in which the contract itself is no longer good (OCPP C07.FR.13)."""
    return Entry(
        code=f"contract.{code}",
        severity=Severity.ERROR,
        title=title,
        citation="OCPP 2.0.1 C07.FR.13",
        action=action,
        certificate_status="ContractCancelled",
        id_token_status=word,
        iso_2="FAILED_ContractCanceled",
        iso_20=iso_20,
    )


def _suspicion(code: str, title: str, action: str) -> Entry:
    """What a relayed signature looks like from here; no proof of one."""
    return Entry(
        code=f"contract.{code}",
        severity=Severity.WARNING,
        title=title,
        citation="no requirement; K18, arXiv 2512.15966 and EVExchange (Conti et al. 2022)",
        action=action,
        certificate_status="Accepted",
        id_token_status="ConcurrentTx",  # noqa: S106 - an OCPP word, no password
    )


def _unproven(code: str, title: str, citation: str, action: str) -> Entry:
    """A question whose proof does not reach the contract (OCPP C07.FR.17)."""
    return Entry(
        code=code,
        severity=Severity.ERROR,
        title=title,
        citation=citation,
        action=action,
        certificate_status="CertChainError",
        id_token_status="Invalid",  # noqa: S106 - an OCPP word, no password
        iso_2="FAILED_CertChainError",
        iso_20="WARNING_CertificateValidationError",
    )


ENTRIES: tuple[Entry, ...] = (
    _cancelled(
        "unknown",
        "Unknown",
        "No contract of this eMAID is known to this operator",
        "register the contract (PUT /v1/contracts/{emaid}) or ask its mobility operator",
        "WARNING_eMSPUnknown",
    ),
    _cancelled("blocked", "Blocked", "The contract is blocked", _ASK_MO),
    _cancelled("suspended", "Blocked", "The contract is suspended for the time being", _ASK_MO),
    _cancelled("expired", "Expired", "The contract's term is over", _REGISTRY),
    _standing("no_credit", "NoCredit", "The contract has no credit left", "OCPP 2.0.1 C07.FR.14"),
    _standing(
        "concurrent_tx",
        "ConcurrentTx",
        "The contract is charging elsewhere and may not charge twice",
        "OCPP 2.0.1 C07.FR.14",
        "stop the other transaction, or let the contract's state say that it may",
    ),
    _standing(
        "not_allowed_type_evse",
        "NotAllowedTypeEVSE",
        "The contract may not charge at an EVSE of this type",
        "OCPP 2.0.1 C07.FR.14",
    ),
    _standing(
        "not_at_this_location",
        "NotAtThisLocation",
        "The contract may not charge at this EVSE, or the question names none",
        "OCPP 2.0.1 C07.FR.14",
        "send the EVSE's id in evseId; compare it with the contract's evseIds",
    ),
    _standing(
        "not_at_this_time",
        "NotAtThisTime",
        "The contract may not charge now, or its term has not begun",
        "OCPP 2.0.1 C07.FR.14",
        _REGISTRY,
    ),
    _standing(
        "unavailable",
        "NotAtThisTime",
        "The contract's state could not be learnt in time",
        "fail closed: a state that nobody told is no consent",
        "look at /readyz; ask again",
    ),
    _suspicion(
        "concurrent_use",
        "The contract charges at another EVSE at this moment, or was granted there a moment ago",
        "compare the two decisions; ask the driver; policy relay: refuse answers ConcurrentTx",
    ),
    _suspicion(
        "impossible_travel",
        "The contract was granted so far away that nobody drives here since",
        "compare the two decisions and both EVSEs' positions (GET /v1/evses/{evseId})",
    ),
    _suspicion(
        "vehicle_mismatch",
        "The vehicle is none of those that the contract is installed in",
        "compare with the contract's vehicleIds: it may be copied into this one, or relayed",
    ),
    _unproven(
        "contract.hash_unmatched",
        "A certificate hash names nothing in the contract certificate's own chain",
        "OCPP 2.0.1 C07.FR.17; a hash is matched, never guessed",
        "compare with `plugward cert hash-data` of the chain",
    ),
    _unproven(
        "contract.proof_missing",
        "An eMAID came without certificate or hashes, so nothing proves it",
        "OCPP 2.0.1 C07.FR.01, FR.06: Plug & Charge brings one or the other",
        "let the station send iso15118CertificateHashData or certificate; an eMAID that a person"
        " typed is for the operator's own token list",
    ),
    _unproven(
        "contract.token_type_wrong",
        "Certificates came with an idToken whose type is not eMAID",
        "OCPP 2.0.1 C07: the token of Plug & Charge is an eMAID",
        "send idToken.type eMAID with Plug & Charge",
    ),
    _unproven(
        "contract.unverified",
        "The chain's verdict proves nothing and names no reason",
        "fail closed: what is not proved is refused",
        "report it with the decisionId",
    ),
    Entry(
        code="contract.token_not_held",
        severity=Severity.ERROR,
        title="Tokens other than contracts are not held here",
        citation="OCPP 2.0.1 C08.FR.01, FR.02: external identification carries no certificate",
        action="answer this token from the operator's own token list",
        id_token_status="Unknown",  # noqa: S106 - an OCPP word, no password
    ),
)
