"""What the authorization house needs of the world. Each says what its failure looks like."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from authz.callers import Caller
from authz.charging_station import ChargingStation
from authz.contract import Contract, ContractCertificate
from authz.contract_request import ContractAnswer, ContractRequest, NextAnswer
from authz.decision import LoggedDecision
from authz.idempotency import Reservation
from authz.local_list import ListChanges
from authz.ocpp.protocol import Station
from authz.policy import Policy
from authz.relay import Sighting
from authz.restrictions import Evse
from authz.signing_request import SigningRequest, SigningState, Wish
from authz.station_command import StationCommand
from authz.status_answer import StatusAnswer
from authz.transaction import Report, Transaction
from authz.trust import Trust
from certs.certificate import Certificate
from certs.chain.anchors import Anchor
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from certs.revocation.hash_data import HashData
from certs.revocation.hash_dialects import Reading


class Callers(Protocol):
    """API keys. Raises Unavailable."""

    async def identify(self, key: str, *, now: datetime) -> Caller | None:
        """Who holds this key; None for a text that is no key in use."""
        ...


class Contracts(Protocol):
    """The registry. Everything belongs to one tenant. Raises Unavailable."""

    def recall(self, tenant: str, emaid: EMAID) -> Contract | None:
        """The contract where it is at hand and unchanged; None where ``find`` has to be asked."""
        ...

    async def find(self, tenant: str, emaid: EMAID) -> Contract | None:
        """The contract of this eMAID; None where there is none."""
        ...

    async def named_by(
        self, tenant: str, hashes: Sequence[tuple[Reading, ...]]
    ) -> ContractCertificate | None:
        """The known contract certificate that hash data name.

        Looked for entry by entry and reading by reading, OCPP's own reading first; None where
        they name none.
        """
        ...

    async def learn(
        self, tenant: str, emaid: EMAID, path: tuple[Certificate, ...], *, now: datetime
    ) -> None:
        """Keeps a certificate (leaf first, root last) that was accepted with its contract."""
        ...


class Registry(Protocol):
    """The registry as its keepers see it. Everything belongs to one tenant. Raises Unavailable."""

    async def find(self, tenant: str, emaid: EMAID) -> Contract | None:
        """The contract of this eMAID; None where there is none."""
        ...

    async def certificates_of(self, tenant: str, emaid: EMAID) -> tuple[ContractCertificate, ...]:
        """A contract's known certificates, oldest first."""
        ...

    async def put(
        self,
        tenant: str,
        emaid: EMAID,
        make: Callable[[Contract | None], Contract],
        *,
        path: tuple[Certificate, ...] = (),
        now: datetime,
    ) -> bool:
        """Keeps the contract that ``make`` makes of the one that stands, and whether it is new.

        Also keeps the certificate path (leaf first, root last) that came with it. Nothing else
        changes the contract between ``make`` and the commit; what it raises is raised here.
        """
        ...

    async def put_all(
        self,
        tenant: str,
        wanted: Sequence[tuple[Contract, tuple[Certificate, ...]]],
        *,
        now: datetime,
    ) -> int:
        """Keeps contracts with their certificate paths, all of them or none; how many are new."""
        ...

    async def delete(self, tenant: str, emaid: EMAID) -> None:
        """Forgets a contract and its certificates; NotFound where there is none."""
        ...


class ContractChanges(Protocol):
    """What changed in the registry. Everything belongs to one tenant. Raises Unavailable."""

    async def changes(self, tenant: str, *, since: int, count_max: int) -> ListChanges:
        """Everything after a version; all there is where the version is 0 or not known.

        Conflict("local_list.too_large") for more than ``count_max``.
        """
        ...


class Evses(Protocol):
    """What operators tell of their EVSEs. Everything belongs to one tenant. Raises Unavailable."""

    async def find(self, tenant: str, evse_id: EVSEID) -> Evse | None:
        """What is told of this EVSE; None where nothing is."""
        ...

    async def put(self, tenant: str, evse: Evse, *, now: datetime) -> bool:
        """Keeps what is told of an EVSE, and whether it is new."""
        ...

    async def delete(self, tenant: str, evse_id: EVSEID) -> None:
        """Forgets an EVSE; NotFound where nothing was told of it."""
        ...


class Sightings(Protocol):
    """Where contracts were of late. Everything belongs to one tenant. Raises Unavailable."""

    async def elsewhere(
        self, tenant: str, emaid: EMAID, *, evse_id: EVSEID | None, station: str | None
    ) -> tuple[Sighting, ...]:
        """Where it was granted last but at this EVSE, and where it charges but at this station."""
        ...


class Trusts(Protocol):
    """Anchors and policies. Everything belongs to one tenant. Raises Unavailable."""

    async def trust(self, tenant: str, *, generation: int) -> Trust:
        """What the tenant trusts, no older than this generation."""
        ...

    async def anchors(self, tenant: str) -> tuple[Anchor, ...]:
        """The tenant's anchors, oldest first."""
        ...

    async def add_anchor(self, tenant: str, anchor: Anchor, *, now: datetime) -> bool:
        """Trusts an anchor, or changes how; whether it is new. Conflict for too many."""
        ...

    async def delete_anchor(self, tenant: str, fingerprint: bytes) -> None:
        """Ends trust in a root, for every purpose; NotFound where it had none."""
        ...

    async def put_policy(self, tenant: str, policy: Policy) -> None:
        """Judges by this policy from now on."""
        ...


class DecisionLog(Protocol):
    """Every decision ever answered. Raises Unavailable."""

    async def append(self, decision: LoggedDecision) -> None:
        """Returns when the decision is on disk, and where its contract was seen with it."""
        ...

    async def append_once(
        self, decision: LoggedDecision, reservation: Reservation, answer: bytes
    ) -> None:
        """The same, and the answer under the reservation's key with it, or neither.

        Conflict where somebody else has taken the request up meanwhile.
        """
        ...

    async def find(self, tenant: str, decision_id: str) -> bytes | None:
        """A tenant's decision as JSON; None where it has none of this id."""
        ...

    async def last_moment(self) -> datetime | None:
        """When the newest decision was made; None in an empty log."""
        ...


class Reservations(Protocol):
    """Requests that were taken up under a key of their sender. Raises Unavailable."""

    async def reserve(self, reservation: Reservation, *, now: datetime) -> bytes | None:
        """None where the request is ours to answer; else what it was answered before.

        KeyReused where the key came with another body, Conflict while somebody else works on it.
        """
        ...

    async def release(self, reservation: Reservation) -> None:
        """Gives a request up that was not answered, so that it may come again at once."""
        ...


class Tenants(Protocol):
    """Tenants of stations that are let in already. Raises Unavailable."""

    async def caller(self, tenant: str, *, name: str) -> Caller:
        """Somebody of this tenant who may ask; NotFound where there is no such tenant."""
        ...


class Transactions(Protocol):
    """Transactions at a tenant's stations. Raises Unavailable."""

    async def record(self, report: Report) -> Transaction:
        """The transaction after a report; on disk when it returns.

        The first token that is told stays its token, and its first end stays its end.
        """
        ...

    async def find(self, tenant: str, identity: str, transaction_id: str) -> Transaction | None:
        """A station's transaction by its own name; None where there is none."""
        ...

    async def numbered(self, tenant: str, identity: str, number: int) -> Transaction | None:
        """A station's transaction by our number; None where there is none."""
        ...

    async def running(self, tenant: str, emaid: EMAID) -> tuple[Transaction, ...]:
        """A contract's transactions that have not ended, at all stations, oldest first."""
        ...


class StationRegister(Protocol):
    """Charging stations that may connect. Each belongs to one tenant. Raises Unavailable."""

    async def find(self, tenant: str, identity: str) -> ChargingStation | None:
        """The station of this identity; None where there is none."""
        ...

    async def after(self, tenant: str, identity: str, *, limit: int) -> tuple[ChargingStation, ...]:
        """A tenant's stations whose identities come after this one, in their order."""
        ...

    async def put(
        self,
        tenant: str,
        identity: str,
        make: Callable[[ChargingStation | None], ChargingStation],
    ) -> bool:
        """Keeps the station that ``make`` makes of the one that stands, and whether it is new.

        Nothing else changes the station between ``make`` and the commit; what it raises is raised
        here.
        """
        ...

    async def delete(self, tenant: str, identity: str) -> None:
        """Forgets a station; NotFound where there is none."""
        ...


class ContractService(Protocol):
    """A certificate provisioning service or a contract certificate pool."""

    async def provide(self, request: ContractRequest) -> tuple[ContractAnswer, ...]:
        """The answers to a vehicle's request, its default contract first.

        Empty where the service has none; Unavailable where it does not give any.
        """
        ...


class ContractAnswers(Protocol):
    """Answers that a station fetches one by one. Raises Unavailable."""

    async def keep(
        self, station: Station, request: bytes, answers: tuple[str, ...], *, now: datetime
    ) -> None:
        """Keeps what remains of a request's answers, for some minutes."""
        ...

    async def take(self, station: Station, request: bytes, *, now: datetime) -> NextAnswer | None:
        """The next answer to this request, which nobody gets again; None where none is kept."""
        ...


class Authorities(Protocol):
    """Certificates of authorities that are known to be what they say. Raises Unavailable."""

    async def issuer(self, tenant: str, data: HashData) -> Certificate | None:
        """The authority that hash data name as issuer; None where none is known."""
        ...


class StatusAnswers(Protocol):
    """Statuses of certificates that are known by their hash data alone. Raises nothing."""

    async def ocsp(
        self,
        data: HashData,
        issuer: Certificate | None,
        *,
        urls: Sequence[str],
        now: datetime,
        deadline_seconds: float,
    ) -> StatusAnswer:
        """What a permitted responder establishes; Unknown where nothing is believed.

        ``urls`` are a station's, and followed only where the operator lists them. ``issuer`` None
        is one that nobody here knows.
        """
        ...

    async def crl(
        self,
        data: HashData,
        issuer: Certificate | None,
        *,
        urls: Sequence[str],
        now: datetime,
        deadline_seconds: float,
    ) -> StatusAnswer:
        """What a permitted list establishes."""
        ...


class CertificateAuthority(Protocol):
    """Whoever signs certificates for stations."""

    async def sign(self, wish: Wish) -> str:
        """The chain as PEM, leaf first, root excluded.

        Raises Refused where the authority declines for good, Unavailable where it may be asked
        again.
        """
        ...


class SigningRequests(Protocol):
    """What stations asked to be signed. Raises Unavailable."""

    async def keep(self, wish: Wish, *, now: datetime) -> SigningRequest:
        """Keeps a wish, on disk when it returns; one that is open already is not kept twice.

        It takes the place of the station's open one of the same certificate type.
        """
        ...

    async def claim(
        self,
        connected: Callable[[str], Sequence[Station]],
        *,
        limit: int,
        now: datetime,
        until: datetime,
    ) -> tuple[SigningRequest, ...]:
        """Takes up requests that are due, unsigned or of stations that are ``connected``.

        Nobody else gets them before ``until``.
        """
        ...

    async def move(
        self,
        request: SigningRequest,
        state: SigningState,
        *,
        reason: str | None,
        chain: str | None,
        due_at: datetime | None,
        now: datetime,
    ) -> SigningRequest:
        """The request in its next state, unless it has an end already."""
        ...

    async def of_station(self, tenant: str, identity: str) -> tuple[SigningRequest, ...]:
        """A station's latest requests, newest first."""
        ...


class StationCommands(Protocol):
    """The record of what was asked of stations. Raises Unavailable."""

    async def keep(self, command: StationCommand) -> None:
        """Returns when the command is on disk."""
        ...

    async def latest(
        self, tenant: str, identity: str, *, action: str | None = None, limit: int
    ) -> tuple[StationCommand, ...]:
        """A station's latest commands, newest first; of one action where one is named."""
        ...


class Answering(Protocol):
    """What stations ask, answered. Raises CallRefused for what is answered with a CALLERROR."""

    async def answer(self, station: Station, action: str, payload: bytes) -> bytes:
        """The payload of the answer to a payload that fits its schema."""
        ...


class StationCalls(Protocol):
    """Calls to connected stations."""

    async def call(
        self,
        tenant: str,
        identity: str,
        action: str,
        payload: bytes,
        *,
        timeout_seconds: float,
    ) -> bytes:
        """The payload of the station's answer, which fits its schema.

        Raises CallRefused for a payload that the station's version does not have, NotConnected,
        CallFailed for a station's CALLERROR, Unavailable("station") where none came in time.
        """
        ...


class Stations(StationCalls, Protocol):
    """The stations that are connected to this process."""

    def find(self, tenant: str, identity: str) -> Station | None:
        """A tenant's station as it is connected; None where it is not."""
        ...

    def connected(self, tenant: str) -> tuple[Station, ...]:
        """A tenant's connected stations, by identity."""
        ...
