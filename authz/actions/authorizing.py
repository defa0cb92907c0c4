"""Authorize: what a token is answered, in each version's words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from types import MappingProxyType

from msgspec import structs

from authz.actions.asked import Asked, Handler, Payload, moment_text
from authz.actions.catalogue import Handling
from authz.actions.grants import Grants
from authz.authorize_request import E_MAID, read_question
from authz.contract import Contract
from authz.decision import AuthorizationStatus, CertificateStatus, Decision
from authz.ocpp.protocol import OcppVersion, Station
from authz.ports import Tenants
from authz.question import Question
from authz.service import Authorizer
from certs.edition import Edition
from certs.errors import Malformed, MalformedIdentifier
from certs.identifiers.emaid import EMAID

ID_TAG_CHARACTERS_MAX = 20  # OCPP 1.6 IdToken

# OCPP 1.6 has five words for ten.
IN_1_6: Mapping[AuthorizationStatus, str] = MappingProxyType(
    {
        AuthorizationStatus.ACCEPTED: "Accepted",
        AuthorizationStatus.BLOCKED: "Blocked",
        AuthorizationStatus.CONCURRENT_TX: "ConcurrentTx",
        AuthorizationStatus.EXPIRED: "Expired",
        AuthorizationStatus.INVALID: "Invalid",
        AuthorizationStatus.NO_CREDIT: "Blocked",
        AuthorizationStatus.NOT_ALLOWED_TYPE_EVSE: "Invalid",
        AuthorizationStatus.NOT_AT_THIS_LOCATION: "Invalid",
        AuthorizationStatus.NOT_AT_THIS_TIME: "Invalid",
        AuthorizationStatus.UNKNOWN: "Invalid",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a station is told of a token. ``decision_id`` names the logged decision behind it."""

    status: AuthorizationStatus
    certificate_status: CertificateStatus | None = None
    decision_id: str | None = None
    valid_until: datetime | None = None
    group: str | None = None

    @property
    def granted(self) -> bool:
        """Whether it may charge."""
        return self.status is AuthorizationStatus.ACCEPTED


def id_token_info(token: Token) -> Payload:
    """OCPP 2.0.1's and 2.1's IdTokenInfoType."""
    info: Payload = {"status": token.status.value}
    if token.valid_until is not None:
        info["cacheExpiryDateTime"] = moment_text(token.valid_until)
    if token.group is not None:
        info["groupIdToken"] = {"idToken": token.group, "type": "Central"}
    return info


def id_tag_info(token: Token) -> Payload:
    """OCPP 1.6's IdTagInfo. A group that does not fit its 20 characters is left out."""
    info: Payload = {"status": IN_1_6[token.status]}
    if token.valid_until is not None:
        info["expiryDate"] = moment_text(token.valid_until)
    if token.group is not None and len(token.group) <= ID_TAG_CHARACTERS_MAX:
        info["parentIdTag"] = token.group
    return info


class Authorizing:
    """Has tokens judged, for stations."""

    def __init__(
        self,
        *,
        authorizer: Authorizer,
        tenants: Tenants,
        grants: Grants,
        counted: Callable[[Decision, float], None],
    ) -> None:
        self._authorizer = authorizer
        self._counted = counted
        self._tenants = tenants
        self._grants = grants

    @property
    def handlers(self) -> dict[Handling, Handler]:
        """A handler for each of its handlings."""
        return {Handling.AUTHORIZE: self._authorize, Handling.ID_TAG: self._id_tag}

    async def _authorize(self, asked: Asked) -> Payload:
        """AuthorizeResponse: always a status (C07.FR.04), and the pair where certificates came."""
        proves = "certificate" in asked.payload or "iso15118CertificateHashData" in asked.payload
        try:
            token = await self.judge(asked.station, read_question(asked.octets))
        except Malformed:
            # A chain or hash data that cannot be read, an eMAID that is none: nothing is proved.
            token = Token(
                status=AuthorizationStatus.INVALID,
                certificate_status=CertificateStatus.CERT_CHAIN_ERROR if proves else None,
            )
        answer: Payload = {"idTokenInfo": id_token_info(token)}
        if token.certificate_status is not None:
            answer["certificateStatus"] = token.certificate_status.value
        return answer

    async def _id_tag(self, asked: Asked) -> Payload:
        """OCPP 1.6's Authorize.conf."""
        token = await self.judge(asked.station, question_of(asked.payload["idTag"]))
        return {"idTagInfo": id_tag_info(token)}

    async def judge(self, station: Station, question: Question) -> Token:
        """The decision on a question, logged; Malformed for a chain that is none, Unavailable."""
        started = perf_counter()
        caller = await self._tenants.caller(station.tenant, name=station.identity)
        asked = structs.replace(question, station=station.identity)
        decided = await self._authorizer.authorize(caller, asked)
        self._counted(decided.decision, perf_counter() - started)
        token = _token(decided.decision)
        self._remember(station, question, decided.decision, token)
        return token

    def _remember(
        self, station: Station, question: Question, decision: Decision, token: Token
    ) -> None:
        if question.emaid is None:
            return
        if token.valid_until is None:  # refused
            self._grants.forget(station, question.emaid)
            return
        self._grants.keep(
            station,
            question.emaid,
            decision_id=decision.decision_id,
            group=token.group,
            now=decision.decided_at,
            valid_until=token.valid_until,
        )


def question_of(text: str, token_type: str = E_MAID) -> Question:
    """The question about a token that comes without proof; 1.6's idTags may be eMAIDs."""
    try:
        emaid = EMAID.parse(text, edition=Edition.ISO_20) if token_type == E_MAID else None
    except MalformedIdentifier:
        return Question(token_type="Local", emaid=None)  # noqa: S106 - no password: a kind of token
    return Question(token_type=token_type, emaid=emaid)


def forms_question(payload: Payload, version: OcppVersion) -> Question:
    """The question about an IdTokenType (2.0.1, 2.1) or an idTag (1.6)."""
    if version is OcppVersion.V16:
        return question_of(payload["idTag"])
    token = payload["idToken"]
    kind = token["type"]
    return question_of(token["idToken"], E_MAID if kind.lower() == E_MAID.lower() else kind)


def _token(decision: Decision) -> Token:
    judgement, standing = decision.judgement, decision.evidence.standing
    group = standing.group if judgement.granted and isinstance(standing, Contract) else None
    return Token(
        status=judgement.id_token_status,
        certificate_status=judgement.certificate_status,
        decision_id=decision.decision_id,
        valid_until=judgement.valid_until,
        group=group,
    )
