"""Putting the authorization house together."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from fastapi import FastAPI

from authz.actions.answering import Actions
from authz.actions.assembly import assemble
from authz.actions.commands import CertificateCommands
from authz.actions.signing import CertificateCourier, SigningDesk
from authz.adapters.anchors import TrustBook
from authz.adapters.authorities import KnownAuthorities
from authz.adapters.callers import CallerBook
from authz.adapters.certificate_authority import HttpCertificateAuthority
from authz.adapters.changes import changes_of
from authz.adapters.contract_answers import ContractAnswerTable
from authz.adapters.contract_service import OpcpContractService
from authz.adapters.contracts import ContractBook
from authz.adapters.database import Database
from authz.adapters.decision_log import DecisionTable
from authz.adapters.evses import EvseBook
from authz.adapters.facts import Facts
from authz.adapters.guarded import GuardedOutbound
from authz.adapters.handed_calls import HandedCallTable
from authz.adapters.metrics import Metrics
from authz.adapters.outbound import Outbound
from authz.adapters.presence import PresenceTable
from authz.adapters.reservations import ReservationTable
from authz.adapters.schema import check_current, upgrade
from authz.adapters.sightings import SightingTable
from authz.adapters.signing_requests import SigningRequestTable
from authz.adapters.station_commands import StationCommandTable
from authz.adapters.stations import StationBook
from authz.adapters.status_answers import StatusFetcher
from authz.adapters.transactions import TransactionTable
from authz.adapters.writer import Writer
from authz.api import (
    anchors,
    authorize,
    contract_import,
    contracts,
    decisions,
    evses,
    forwarding,
    health,
    local_list,
    ocpp_socket,
    openapi,
    policy,
    problems,
    station_certificates,
    stations,
)
from authz.api.callers import Doorkeeper
from authz.api.front import Front
from authz.counting import count
from authz.evidencing import assemble_gathering
from authz.once import Once
from authz.ports import Answering
from authz.registration import Registrar
from authz.service import Authorizer
from authz.settings import Settings
from authz.station_ports import Fleet
from authz.stations.entrance import Entrance
from authz.stations.exchange import Exchange
from authz.stations.hub import Hub
from authz.steady_clock import SteadyClock

TITLE = "Plugward authz"


def system_clock() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = system_clock,
    random: Callable[[int], bytes] = secrets.token_bytes,
    answering: Answering | None = None,
) -> FastAPI:
    """The authorization service as an ASGI application; its lifespan opens and closes it.

    ``answering`` answers charging stations in place of our own actions.

    Raises Refused("database.…") for a database that cannot be meant; when it starts, also for one
    that may forget what it acknowledged.
    """
    database = Database(settings.database_url)
    writer = Writer(database)
    outbound = Outbound()
    metrics = Metrics()
    steady = SteadyClock(clock)
    facts = Facts(changes_of(database))
    registry = ContractBook(database, writer, facts)
    evse_book = EvseBook(database, writer)
    sightings = SightingTable(database)
    trusts = TrustBook(database, writer, facts)
    log = DecisionTable(database, writer)
    station_book = StationBook(database, writer)
    hub = Hub()
    exchange = Exchange(
        hub,
        PresenceTable(database, writer),
        HandedCallTable(database, writer),
        worker=random(16).hex(),
        clock=steady.moment,
    )
    metrics.watch_stations(lambda: len(hub))
    gathering = assemble_gathering(
        settings,
        database=database,
        writer=writer,
        outbound=outbound,
        contracts=registry,
        evses=evse_book,
        sightings=sightings,
        clock=steady,
        random=random,
        metrics=metrics,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            await _open(settings, database, log, steady)
            writer.start()
            facts.start()
            gathering.prefetcher.start()
            hub.watch(station_book)
            async with exchange.at_work(), answers.courier.at_work():
                yield
        finally:
            await hub.close()
            await gathering.close()
            await facts.close()
            await writer.close()
            await outbound.close()
            database.close()

    app = Front(
        title=TITLE,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    problems.install(app, count=metrics.refused)
    caller_book = CallerBook(database, facts)
    doorkeeper = Doorkeeper(caller_book, steady)
    authorizer = Authorizer(
        gatherer=gathering.gatherer,
        trusts=trusts,
        contracts=registry,
        log=log,
        clock=steady,
        random=random,
    )
    answers = _answers(
        settings,
        database=database,
        writer=writer,
        outbound=outbound,
        for_stations=gathering.for_stations,
        trusts=trusts,
        register=station_book,
        hub=hub,
        fleet=exchange,
        authorizer=authorizer,
        tenants=caller_book,
        metrics=metrics,
        clock=steady,
    )
    app.state.answers = answers
    authorize.install(
        app,
        doorkeeper,
        authorizer,
        Once(authorizer, ReservationTable(database, writer), clock=steady, random=random),
        metrics,
    )
    _install_books(
        app,
        doorkeeper,
        registry=registry,
        evse_book=evse_book,
        trusts=trusts,
        log=log,
        fleet=exchange,
        clock=steady,
    )
    forwarding.install(app, doorkeeper, answering or answers.answering)
    station_certificates.install(
        app,
        doorkeeper,
        answers.commands,
        record=answers.command_record,
        requests=answers.signing_requests,
        clock=steady,
    )
    stations.install(
        app,
        doorkeeper,
        register=station_book,
        hub=hub,
        fleet=exchange,
        clock=steady,
        random=random,
    )
    entrance = Entrance(
        station_book,
        trusts,
        gathering.memory,
        gathering.sources,
        rules=settings.stations,
        clock=steady,
    )
    ocpp_socket.install(
        app, entrance, hub, answering=answering or answers.answering, metrics=metrics, random=random
    )
    _install_health(
        app, log=log, steady=steady, writer=writer, guarded=gathering.guarded, metrics=metrics
    )
    openapi.install(app)
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What answers stations, and what goes on after an answer."""

    answering: Actions
    courier: CertificateCourier
    transactions: TransactionTable
    signing_requests: SigningRequestTable
    commands: CertificateCommands
    command_record: StationCommandTable


def _answers(
    settings: Settings,
    *,
    database: Database,
    writer: Writer,
    outbound: Outbound,
    for_stations: GuardedOutbound,
    trusts: TrustBook,
    register: StationBook,
    hub: Hub,
    fleet: Fleet,
    authorizer: Authorizer,
    tenants: CallerBook,
    metrics: Metrics,
    clock: SteadyClock,
) -> Answers:
    """Puts the answers to stations together."""
    transactions = TransactionTable(database, writer)
    requests = SigningRequestTable(database, writer)
    record = StationCommandTable(database, writer)
    pool, authorities = settings.contract_service, settings.certificate_authorities
    courier = CertificateCourier(
        authority=HttpCertificateAuthority(outbound, authorities),
        requests=requests,
        stations=hub,
        clock=clock.moment,
    )
    desk = SigningDesk(
        signed_here=authorities.keys(),
        requests=requests,
        register=register,
        names=settings.secc_names,
        operators=settings.station_operators,
        clock=clock.moment,
        wake=courier.wake,
    )
    answering = assemble(
        authorizer=authorizer,
        tenants=tenants,
        transactions=transactions,
        contract_service=None if pool is None else OpcpContractService(outbound, pool),
        contract_answers=ContractAnswerTable(writer),
        authorities=KnownAuthorities(trusts, settings.authorities),
        statuses=StatusFetcher(
            for_stations, settings.sources, crl_bytes_max=settings.crl_bytes_max
        ),
        desk=desk,
        counted=partial(count, metrics),
        clock=clock.moment,
        heartbeat_seconds=settings.heartbeat_seconds,
    )
    return Answers(
        answering=answering,
        courier=courier,
        transactions=transactions,
        signing_requests=requests,
        commands=CertificateCommands(stations=fleet, record=record, clock=clock.moment),
        command_record=record,
    )


def _install_books(
    app: FastAPI,
    doorkeeper: Doorkeeper,
    *,
    registry: ContractBook,
    evse_book: EvseBook,
    trusts: TrustBook,
    log: DecisionTable,
    fleet: Fleet,
    clock: SteadyClock,
) -> None:
    """Opens the doors of what a tenant keeps, and of what was decided."""
    registrar = Registrar(registry=registry, trusts=trusts, clock=clock)
    contracts.install(app, doorkeeper, registrar)
    contract_import.install(app, doorkeeper, registrar)
    local_list.install(
        app, doorkeeper, changes=registry, trusts=trusts, stations=fleet, clock=clock
    )
    evses.install(app, doorkeeper, evse_book, clock)
    anchors.install(app, doorkeeper, trusts, clock)
    policy.install(app, doorkeeper, trusts)
    decisions.install(app, doorkeeper, log)


async def _open(
    settings: Settings, database: Database, log: DecisionTable, steady: SteadyClock
) -> None:
    """Brings the tables up to date, and lets the clock know what was."""
    if settings.migrate_at_start:
        upgrade(database)
    check_current(database)
    database.check_durable()
    last = None if settings.trust_clock else await log.last_moment()
    if last is not None:
        steady.not_before(last)


def _install_health(
    app: FastAPI,
    *,
    log: DecisionTable,
    steady: SteadyClock,
    writer: Writer,
    guarded: GuardedOutbound,
    metrics: Metrics,
) -> None:
    """Opens the doors for those who run the service."""

    async def database_answers() -> None:
        await log.last_moment()

    async def clock_is_steady() -> None:
        steady.moment()

    async def writer_keeps_up() -> None:
        await writer.run(lambda _connection: None)

    def scraped() -> bytes:
        metrics.breakers(guarded.states())
        return metrics.render()

    metrics.watch(lambda: writer.pending)
    health.install(
        app,
        checks={
            "database": database_answers,
            "decision_log": writer_keeps_up,
            "clock": clock_is_steady,
        },
        responders=guarded.states,
        metrics=scraped,
    )
