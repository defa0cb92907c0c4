"""Putting together who gathers evidence, and who keeps it fresh."""

from collections.abc import Callable
from dataclasses import dataclass

from authz.adapters.crl import CrlClient
from authz.adapters.database import Database
from authz.adapters.guarded import GuardedOutbound
from authz.adapters.metrics import Metrics
from authz.adapters.ocsp import OcspClient
from authz.adapters.outbound import Outbound
from authz.adapters.revocation_cache import RevocationCache
from authz.adapters.revocation_sources import RevocationSources
from authz.adapters.signed_answers import SignedAnswers
from authz.adapters.signed_lists import SignedLists
from authz.adapters.writer import Writer
from authz.gathering import Gatherer
from authz.ports import Contracts, Evses, Sightings
from authz.prefetching import Prefetcher
from authz.settings import Settings
from authz.steady_clock import SteadyClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """Whoever gathers evidence, and what it is gathered with."""

    guarded: GuardedOutbound
    for_stations: GuardedOutbound
    gatherer: Gatherer
    prefetcher: Prefetcher
    sources: RevocationSources
    memory: RevocationCache
    ocsp: OcspClient
    crl: CrlClient

    async def close(self) -> None:
        """Stops asking, and waits for what is being kept."""
        await self.prefetcher.close()
        await self.gatherer.close()
        await self.ocsp.close()
        await self.crl.close()
        await self.memory.close()


def assemble_gathering(
    settings: Settings,
    *,
    database: Database,
    writer: Writer,
    outbound: Outbound,
    contracts: Contracts,
    evses: Evses,
    sightings: Sightings,
    clock: SteadyClock,
    random: Callable[[int], bytes],
    metrics: Metrics,
) -> Gathering:
    """Puts together who gathers evidence."""

    def draw() -> float:
        return int.from_bytes(random(4)) / 2**32

    guarded = GuardedOutbound(outbound, random=draw)
    ocsp = OcspClient(guarded, hash_algorithm=settings.ocsp_hash)
    crl = CrlClient(
        guarded,
        bytes_max=settings.crl_bytes_max,
        lists=SignedLists(database, writer),
        random=draw,
        tampered=metrics.evidence_tampered,
    )
    sources = RevocationSources(
        settings.sources,
        ocsp=ocsp,
        crl=crl,
        deadline_seconds=settings.source_deadline_seconds,
        metrics=metrics,
    )
    memory = RevocationCache(database, writer, random=draw, tampered=metrics.evidence_tampered)
    return Gathering(
        guarded=guarded,
        # Stations name addresses below the prefixes that are listed. Ones that fail must not keep
        # authorizations from the responder that answers behind the same name.
        for_stations=GuardedOutbound(outbound, random=draw),
        gatherer=Gatherer(
            contracts=contracts,
            evses=evses,
            sightings=sightings,
            sources=sources,
            memory=memory,
            deadline_seconds=settings.gather_deadline_seconds,
        ),
        prefetcher=Prefetcher(
            watch=SignedAnswers(database, writer),
            sources=sources,
            memory=memory,
            clock=clock,
            random=draw,
            rule=settings.prefetch,
            backlog=metrics.watch_backlog,
        ),
        sources=sources,
        memory=memory,
        ocsp=ocsp,
        crl=crl,
    )
