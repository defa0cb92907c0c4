"""The charger's answers of ISO 15118-2 from contract certificates to authorization."""

from datetime import timedelta
from hmac import compare_digest
from typing import assert_never

from ev_emulator import signatures
from ev_emulator.ports import (
    Answer,
    CertificateAction,
    CertificateAnswer,
    CertificateQuestion,
    ContractQuestion,
    Denied,
    ExternalQuestion,
    Permitted,
    Silence,
)
from ev_emulator.reasons import Failure, of_findings
from ev_emulator.session.events import Authorized
from ev_emulator.session.iso_2 import services
from ev_emulator.session.iso_2.table import RULEBOOK
from ev_emulator.session.iso_2.visit import Pending, Visit
from ev_emulator.session.speaking import Reply
from exi.codec import MESSAGE_OCTETS_MAX
from exi.iso2.message import V2G_Message
from exi.iso2.payment import (
    AuthorizationReq,
    AuthorizationRes,
    PaymentDetailsReq,
    PaymentDetailsRes,
)
from exi.iso2.simple_types import EVSEProcessingType, responseCodeType

CHALLENGE_OCTETS = 16  # [V2G2-697]
_ACTIONS = {
    "CertificateInstallationReq": CertificateAction.INSTALL,
    "CertificateUpdateReq": CertificateAction.UPDATE,
}


def certificate(visit: Visit, request: str, exi: bytes) -> Reply | Pending:
    """Pass a request for a contract certificate to the backend, and its answer back, both unread.

    The session goes on as if the answer were good: the charger cannot know, and the vehicle ends
    the session where it is not.
    """
    if services.CERTIFICATE not in visit.services:
        return visit.fail(request, "service.selection", "certificate service not selected")

    def answered(answer: Answer) -> Reply:
        match answer:
            case CertificateAnswer(exi=response) if 0 < len(response) <= MESSAGE_OCTETS_MAX:
                return Reply(name=RULEBOOK.responses[request], payload=response)
            case _:
                return overdue()

    def overdue() -> Reply:
        return visit.fail(request, "installation.unavailable")

    return Pending(
        seconds=visit.offer.patience.certificate_seconds,
        question=CertificateQuestion(
            action=_ACTIONS[request],
            edition=RULEBOOK.edition,
            namespace=RULEBOOK.namespace,
            exi=exi,
        ),
        answered=answered,
        overdue=overdue,
    )


def payment_details(visit: Visit, request: PaymentDetailsReq) -> Reply | Pending:
    """Look at the contract, ask the backend, and give a challenge.

    A backend that answers soon decides in PaymentDetailsRes; a slower one in AuthorizationRes,
    which may take up to a minute.
    """
    name = "PaymentDetailsReq"
    chain = request.ContractSignatureCertChain
    authorities = chain.SubCertificates.Certificate if chain.SubCertificates else ()
    outcome = visit.outlet.contract_check.examine(
        (chain.Certificate, *authorities),
        request.eMAID,
        evse_id=str(visit.offer.evse_id),
        edition=RULEBOOK.edition,
        now=visit.outlet.clock.now(),
    )
    if isinstance(outcome, Failure):
        return visit.fail(name, outcome)
    visit.contract = visit.asked = outcome
    visit.asked_at = visit.outlet.clock.seconds()
    contract = outcome

    def answered(answer: Answer) -> Reply:
        learn(visit, answer)
        refusal = _refusal(visit)
        return visit.fail(name, refusal) if refusal else _challenge(visit, contract)

    return Pending(
        seconds=visit.offer.patience.payment_details_seconds,
        question=contract,
        answered=answered,
        overdue=lambda: _challenge(visit, contract),
    )


def _challenge(visit: Visit, contract: ContractQuestion) -> Reply:
    """A fresh challenge, for one answer (K09)."""
    now = visit.outlet.clock.now()
    visit.challenge = visit.outlet.random_bytes(CHALLENGE_OCTETS)
    soon = now + timedelta(days=visit.offer.expires_soon_days)
    expires = visit.offer.expires_soon_days > 0 and contract.chain[0].not_after < soon
    code = responseCodeType.OK_CertificateExpiresSoon if expires else responseCodeType.OK
    return visit.reply(
        PaymentDetailsRes(
            ResponseCode=code,
            GenChallenge=visit.challenge,
            EVSETimeStamp=int(now.timestamp()),
        )
    )


def first_authorization(
    visit: Visit, request: AuthorizationReq, message: V2G_Message
) -> Reply | Pending:
    """The vehicle's proof: the challenge, signed by the contract's key [V2G2-475]."""
    name = "AuthorizationReq"
    given, visit.challenge = visit.challenge, None  # one use, whatever comes of it (K10)
    contract = visit.contract
    answered = request.GenChallenge
    if not (contract and given and answered and compare_digest(answered, given)):
        return visit.fail(name, "challenge.mismatch")
    objection = signatures.objection(message, contract.chain[0].public_key())
    if objection:
        return visit.fail(name, "signature.invalid", objection)
    return _decide(visit, ask=False)


def repeated_authorization(
    visit: Visit, request: AuthorizationReq, message: V2G_Message
) -> Reply | Pending:
    """The vehicle asks again: nothing may be in it, least of all a new proof (K14) [V2G2-684]."""
    proof = (request.GenChallenge, request.Id, message.Header.Signature)
    if proof != (None, None, None):
        return visit.fail("AuthorizationReq", "challenge.mismatch", "already answered")
    return _decide(visit, ask=False)


def external_authorization(visit: Visit) -> Reply | Pending:
    """The vehicle is paid for externally: ask the backend whether somebody did."""
    if visit.asked is not None:
        return _decide(visit, ask=False)
    visit.asked = ExternalQuestion(evse_id=str(visit.offer.evse_id), evcc_id=visit.evcc_id)
    visit.asked_at = visit.outlet.clock.seconds()
    return _decide(visit, ask=True)


def learn(visit: Visit, answer: Answer) -> None:
    """Keep the backend's first word on this session's authorization."""
    if visit.permission is None and isinstance(answer, Permitted | Denied | Silence):
        visit.permission = answer


def _refusal(visit: Visit) -> Failure | None:
    """Why the session may not charge, as far as the backend has spoken."""
    match visit.permission:
        case None | Permitted():
            return None
        case Denied(findings=findings):
            heaviest = of_findings(findings, edition=RULEBOOK.edition)
            return heaviest or Failure(code="authorization.denied", findings=findings)
        case Silence(what=what):
            return Failure(code="backend.unavailable", detail=what)
        case _:
            assert_never(visit.permission)


def _decide(visit: Visit, *, ask: bool) -> Reply | Pending:
    """Say what is known; where nothing is, wait a while and then say so."""
    if visit.permission is not None:
        return _decided(visit)

    def answered(answer: Answer) -> Reply:
        learn(visit, answer)
        return _decided(visit)

    return Pending(
        seconds=visit.offer.patience.authorization_seconds,
        question=visit.asked if ask else None,
        answered=answered,
        overdue=lambda: _ongoing(visit),
    )


def _decided(visit: Visit) -> Reply:
    refusal = _refusal(visit)
    if refusal is not None:
        return visit.fail("AuthorizationReq", refusal)
    if visit.permission is None:  # an answer to another kind of question: still nothing known
        return _ongoing(visit)
    visit.authorized = True
    emaid = visit.contract.emaid if visit.contract else None
    return visit.reply(
        AuthorizationRes(
            ResponseCode=responseCodeType.OK, EVSEProcessing=EVSEProcessingType.Finished
        ),
        outcome="finished",
        events=(Authorized(emaid=emaid),),
    )


def _ongoing(visit: Visit) -> Reply:
    """Not known yet; after ``authorization_all_seconds`` that is a refusal."""
    waited = visit.outlet.clock.seconds() - visit.asked_at
    if waited >= visit.offer.patience.authorization_all_seconds:
        return visit.fail("AuthorizationReq", "backend.unavailable", f"{waited:.0f} s")
    people = isinstance(visit.asked, ExternalQuestion)
    processing = (
        EVSEProcessingType.Ongoing_WaitingForCustomerInteraction
        if people
        else EVSEProcessingType.Ongoing
    )
    return visit.reply(
        AuthorizationRes(ResponseCode=responseCodeType.OK, EVSEProcessing=processing),
        outcome="ongoing",
    )
