"""The pki house put together: stores, authority, responder, publisher, clock."""

import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from pki.authority import failpoints
from pki.authority.admission import Admission
from pki.authority.council import Council
from pki.authority.founding import Founding
from pki.authority.importing import Importing
from pki.authority.issuance import Addresses, Issuance
from pki.authority.limits import Limits
from pki.authority.opinions import Ask, Scope, SecondOpinions
from pki.authority.requesters import Requesters
from pki.authority.service import Authority, Stores
from pki.authority.succession import Succession
from pki.clock import SteadyClock
from pki.crl.publication import ListPolicy, Publisher
from pki.custody import Custodian
from pki.errors import ConfigurationRefused, Unavailable
from pki.ocsp.answering import Answering
from pki.ocsp.presigning import Presigner
from pki.ocsp.responder import Answer
from pki.ports import AuditLog, Failpoint, PresignedAnswers
from pki.settings import Settings
from pki.signing.guarded import GuardedKeys
from pki.signing.opening import Place, open_files, open_token
from pki.storage.answers import AnswerTable
from pki.storage.audit import AuditTable
from pki.storage.ballots import BallotTable
from pki.storage.callers import CallerTable
from pki.storage.database import check_durable, open_engine
from pki.storage.holdings import HoldingTable
from pki.storage.kept import Kept
from pki.storage.lists import ListTable
from pki.storage.names import NameTable
from pki.storage.policies import PolicyTable
from pki.storage.precedents import PrecedentTable
from pki.storage.register import RegisterTable
from pki.storage.revocations import RevocationTable
from pki.storage.schema import check_current, upgrade
from pki.storage.standings import StandingTable

# Separate pools, so that a slow database under one door does not hold up the other's clients.
_THREADS = 8
_SIGNED_AT_ONCE = 8  # answers about a certificate just revoked: one a hash algorithm, and some


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Everything the doors call. ``close()`` when done."""

    settings: Settings
    stores: Stores
    clock: SteadyClock
    authority: Authority
    requesters: Requesters
    succession: Succession
    council: Council
    importing: Importing
    publisher: Publisher
    audit: AuditLog
    signing: GuardedKeys
    custodian: Custodian
    answering: Answering
    presigner: Presigner
    presigned: PresignedAnswers
    authority_threads: ThreadPoolExecutor
    status_threads: ThreadPoolExecutor
    let_go: Callable[[], None]

    def answer(self, request: bytes) -> Answer:
        """The OCSP answer to these octets; never raises for what they hold."""
        return self.answering.answer(request)

    def renew_answers(self) -> int:
        """What other processes revoked is forgotten, old answers are replaced; how many.

        To be called every second: so long may another process's revocation stay unheard.
        """
        self.answering.hear(self.authority.reload)
        return self.answering.renew()

    def maintain(self) -> tuple[str, ...]:
        """One round: what crashes left, what others changed, what is about to run out.

        The key ids of former OCSP signers whose keys were destroyed.
        """
        self.authority.reconcile()
        self.authority.reload()
        self.requesters.reload()
        self.council.resume()
        self.authority.appoint_responders()
        self.answering.open_keys()
        now = self.clock.now()
        for issuer in self.authority.directory.by_key_id.values():
            if now <= issuer.certificate.not_after and self.stores.keys.holds(issuer.key_id):
                for shard in range(issuer.crl_shards):
                    self.publisher.current(issuer, shard, now=now)
        return self.custodian.retire()

    def close(self) -> None:
        """Lets threads and database connections go."""
        self.authority_threads.shutdown()
        self.status_threads.shutdown()
        self.let_go()


def _second_opinion(settings: Settings) -> Ask | None:
    """The other linter, which is an extra, where settings ask for it."""
    if Scope(settings.second_opinion) is Scope.OFF:
        return None
    try:
        from pki.second_opinion import Pkilint  # noqa: PLC0415 - not installed by default
    except ImportError as absent:
        raise ConfigurationRefused(
            "second_opinion: pkilint is not installed; pip install plugward[pkilint]"
        ) from absent
    return Pkilint().findings


def _limits(settings: Settings) -> Limits:
    return Limits(
        identity_certificates_max=settings.identity_certificates_max,
        identity_window=settings.identity_window,
        tenant_certificates_per_minute=settings.tenant_certificates_per_minute,
    )


def key_place(settings: Settings) -> Place:
    """Where settings say that private keys are; ConfigurationRefused where that cannot be."""
    token = settings.token
    if token is None:
        return open_files(settings.key_directory, settings.passphrase)
    return open_token(
        module=token.module,
        label=token.label,
        pin=token.pin,
        import_allowed=token.import_allowed,
        wait_seconds=token.wait_seconds,
    )


def assemble(
    settings: Settings,
    *,
    clock: Callable[[], datetime],
    keys: Place | None = None,
    random: Callable[[int], bytes] = secrets.token_bytes,
    failpoint: Failpoint = failpoints.carry_on,
) -> House:
    """The house, its tables brought up to date where settings say so.

    ``keys`` replaces the place that settings name. Raises ConfigurationRefused
    where the database may forget, the schema is another version's or no passphrase is given;
    Unavailable where the database is not there.
    """
    place = key_place(settings) if keys is None else keys
    guarded = GuardedKeys(
        place,
        signatures_per_minute_max=settings.signatures_per_minute_max,
        seconds=time.monotonic,
    )
    engine = open_engine(settings.database_url)
    try:
        check_durable(engine)
        if settings.migrate_at_start:
            upgrade(engine)
        check_current(engine)
        kept = Kept(engine)
        audit = AuditTable(engine)
        steady = SteadyClock(clock, floor=audit.last_moment())
        revocations = RevocationTable(engine, kept, failpoint=failpoint)
        register = RegisterTable(engine, kept, failpoint=failpoint)
        holdings = HoldingTable(engine)
        stores = Stores(
            register=register,
            inventory=register,
            holdings=holdings,
            revocations=revocations,
            standings=StandingTable(engine),
            callers=CallerTable(engine, kept),
            keys=guarded,
        )
        precedents = PrecedentTable(engine, kept)
        requesters = Requesters(
            policies=PolicyTable(engine),
            names=NameTable(engine),
            precedents=precedents,
            clock=steady,
        )
        issuance = Issuance(
            register=register,
            keys=guarded,
            clock=steady,
            random=random,
            addresses=Addresses(public_url=settings.public_url, backdate=settings.backdate),
            opinions=SecondOpinions(Scope(settings.second_opinion), _second_opinion(settings)),
            failpoint=failpoint,
        )
        admission = Admission(precedents=precedents, limits=_limits(settings))

        def heard(issuer: str, serial: int) -> None:
            answering.revoked(issuer, serial)
            with suppress(Unavailable):  # it is revoked; the answer is signed when it is asked for
                presigner.sign(_SIGNED_AT_ONCE)

        authority = Authority(
            stores=stores,
            requesters=requesters,
            admission=admission,
            issuance=issuance,
            clock=steady,
            random=random,
            quorums=settings.quorums,
            heard=heard,
        )
        answers = AnswerTable(engine, kept, failpoint=failpoint)
        answering = Answering(
            directory=lambda: authority.directory,
            standings=stores.standings,
            presigned=answers,
            keys=guarded,
            clock=steady,
            lifetime=settings.ocsp_lifetime,
            answers_max=settings.ocsp_answers_kept,
        )
        presigner = Presigner(
            answers=answers,
            directory=lambda: authority.directory,
            keys=guarded,
            clock=steady,
            lifetime=settings.ocsp_lifetime,
            hash_algorithms=settings.ocsp_presigned,
            random=random,
            failpoint=failpoint,
        )
        importing = Importing(
            holdings=holdings,
            keys=guarded,
            clock=steady,
            public_url=settings.public_url,
            crl_shards=settings.crl_shards,
        )
        ballots = BallotTable(engine)
        founding = Founding(
            docket=ballots,
            stores=stores,
            authority=authority,
            issuance=issuance,
            clock=steady,
            random=random,
            place=importing.placed,
            failpoint=failpoint,
        )
        return House(
            settings=settings,
            stores=stores,
            clock=steady,
            authority=authority,
            requesters=requesters,
            succession=Succession(
                authority=authority,
                stores=stores,
                requesters=requesters,
                admission=admission,
                issuance=issuance,
                clock=steady,
                window=settings.renewal_window,
            ),
            answering=answering,
            presigner=presigner,
            presigned=answers,
            importing=importing,
            council=Council(
                ballots=ballots,
                docket=ballots,
                quorums=settings.quorums,
                lifetime=settings.approval_lifetime,
                stores=stores,
                authority=authority,
                founding=founding,
                clock=steady,
                random=random,
            ),
            publisher=Publisher(
                revocations=revocations,
                lists=ListTable(engine, failpoint=failpoint),
                keys=guarded,
                clock=steady.now,
                policy=ListPolicy(
                    lifetime=settings.crl_lifetime,
                    public_url=settings.public_url,
                    deltas=settings.crl_deltas,
                ),
                failpoint=failpoint,
            ),
            audit=audit,
            signing=guarded,
            custodian=Custodian(
                place=place,
                keys=guarded,
                holdings=holdings,
                docket=ballots,
                authority=authority,
                audit=audit,
                clock=steady,
                published=answers,
                lifetime=settings.ocsp_lifetime,
            ),
            authority_threads=ThreadPoolExecutor(_THREADS, thread_name_prefix="pki-authority"),
            status_threads=ThreadPoolExecutor(_THREADS, thread_name_prefix="pki-status"),
            let_go=engine.dispose,
        )
    except (ConfigurationRefused, Unavailable):
        engine.dispose()
        raise
