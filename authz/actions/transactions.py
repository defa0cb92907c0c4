"""Transactions as stations report them: kept, and their tokens answered."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from authz.actions.asked import Asked, Handler, Payload, moment_of
from authz.actions.authorizing import (
    Authorizing,
    Token,
    forms_question,
    id_tag_info,
    id_token_info,
)
from authz.actions.catalogue import Handling
from authz.actions.grants import Grants
from authz.decision import AuthorizationStatus
from authz.ocpp.protocol import Station
from authz.ports import Transactions
from authz.question import Question
from authz.transaction import TRANSACTION_ID_CHARACTERS_MAX, Report, Transaction
from certs.identifiers.emaid import EMAID


class TransactionLedger:
    """Keeps which contract charges where.

    A token of a transaction is granted where this transaction was already granted it, or the same
    station's Authorize was a moment before; every other one is judged as a token that comes
    without proof.
    """

    def __init__(
        self,
        *,
        transactions: Transactions,
        authorizing: Authorizing,
        grants: Grants,
        clock: Callable[[], datetime],
    ) -> None:
        self._transactions = transactions
        self._authorizing = authorizing
        self._grants = grants
        self._clock = clock

    @property
    def handlers(self) -> dict[Handling, Handler]:
        """A handler for each of its handlings."""
        return {
            Handling.TRANSACTION_EVENT: self._event,
            Handling.START_TRANSACTION: self._start,
            Handling.STOP_TRANSACTION: self._stop,
        }

    async def _event(self, asked: Asked) -> Payload:
        """TransactionEventResponse: idTokenInfo where the event names a token (E01, E05)."""
        told, station = asked.payload, asked.station
        transaction_id = told["transactionInfo"]["transactionId"]
        known = await self._transactions.find(station.tenant, station.identity, transaction_id)
        now = self._clock()
        question, token = None, None
        if "idToken" in told:
            question = forms_question(told, asked.version)
            token = await self._token(station, question, known)
        place = told.get("evse", {})
        ended = told["eventType"] == "Ended"
        starts = question is not None and not ended
        report = Report(
            tenant=station.tenant,
            identity=station.identity,
            transaction_id=transaction_id,
            at=moment_of(told["timestamp"]) or now,
            evse=place.get("id"),
            connector=place.get("connectorId"),
            emaid=question.emaid if question is not None and starts else None,
            authorized=token.granted if token is not None and starts else None,
            decision_id=token.decision_id if token is not None and starts else None,
            offline=told.get("offline", False),
            ended=ended,
            reason=told["transactionInfo"].get("stoppedReason"),
        )
        if known is None or starts or ended or known.ended_at is not None:
            await self._transactions.record(report)
        return {} if token is None else {"idTokenInfo": id_token_info(token)}

    async def _start(self, asked: Asked) -> Payload:
        """StartTransaction.conf: a transactionId even where the idTag is refused (1.6 5.10)."""
        told, station = asked.payload, asked.station
        name = _name(told)
        known = await self._transactions.find(station.tenant, station.identity, name)
        question = forms_question(told, asked.version)
        token = await self._token(station, question, known)
        kept = await self._transactions.record(
            Report(
                tenant=station.tenant,
                identity=station.identity,
                transaction_id=name,
                at=moment_of(told["timestamp"]) or self._clock(),
                connector=told["connectorId"],
                emaid=question.emaid,
                authorized=token.granted,
                decision_id=token.decision_id,
            )
        )
        return {"transactionId": kept.number, "idTagInfo": id_tag_info(token)}

    async def _stop(self, asked: Asked) -> Payload:
        """StopTransaction.conf: nothing prevents a transaction from stopping (1.6 5.11)."""
        told, station = asked.payload, asked.station
        known = await self._transactions.numbered(
            station.tenant, station.identity, told["transactionId"]
        )
        token = None
        if "idTag" in told:
            token = await self._token(station, forms_question(told, asked.version), known)
        if known is not None:
            await self._transactions.record(
                Report(
                    tenant=station.tenant,
                    identity=station.identity,
                    transaction_id=known.transaction_id,
                    at=moment_of(told["timestamp"]) or self._clock(),
                    ended=True,
                    reason=told.get("reason"),
                )
            )
        return {} if token is None else {"idTagInfo": id_tag_info(token)}

    async def _token(
        self, station: Station, question: Question, known: Transaction | None
    ) -> Token:
        emaid = question.emaid
        if emaid is not None:
            granted = self._granted(station, emaid, known)
            if granted is not None:
                return granted
        return await self._authorizing.judge(station, question)

    def _granted(self, station: Station, emaid: EMAID, known: Transaction | None) -> Token | None:
        """The grant that a token of a transaction refers to; None where it must be judged."""
        grant = self._grants.find(station, emaid, now=self._clock())
        if grant is not None:
            return Token(
                status=AuthorizationStatus.ACCEPTED,
                decision_id=grant.decision_id,
                valid_until=grant.valid_until,
                group=grant.group,
            )
        if known is not None and known.authorized and known.emaid == emaid:
            return Token(status=AuthorizationStatus.ACCEPTED, decision_id=known.decision_id)
        return None


def _name(start: Payload) -> str:
    """A name for a 1.6 transaction: a StartTransaction that is sent again gives the same."""
    told = [start[field] for field in ("connectorId", "idTag", "meterStart", "timestamp")]
    return sha256(repr(told).encode()).hexdigest()[:TRANSACTION_ID_CHARACTERS_MAX]
