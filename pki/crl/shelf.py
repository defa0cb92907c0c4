"""The published lists that are kept in memory, so that a large one is not read for each asker."""

from collections import OrderedDict
from threading import Lock

from pki.authority.entries import PublishedCrl

KEPT_OCTETS_MAX = 256 * 1024 * 1024  # five complete lists of a million entries


class Shelf:
    """The newest list of each issuer and shard, those asked for last up to a number of octets."""

    def __init__(self, octets_max: int = KEPT_OCTETS_MAX) -> None:
        self._octets_max = octets_max
        self._octets = 0
        self._kept: OrderedDict[tuple[str, int], PublishedCrl] = OrderedDict()
        self._lock = Lock()

    def get(self, issuer: str, shard: int) -> PublishedCrl | None:
        """What is kept of a shard; whether it still stands is the caller's to ask."""
        with self._lock:
            kept = self._kept.get((issuer, shard))
            if kept is not None:
                self._kept.move_to_end((issuer, shard))
            return kept

    def keep(self, crl: PublishedCrl) -> None:
        """Keeps a list in place of an older one; the one asked for longest ago goes first."""
        place = (crl.issuer, crl.shard)
        with self._lock:
            kept = self._kept.get(place)
            if kept is not None and kept.number >= crl.number:
                return
            if kept is not None:
                self._octets -= _octets(kept)
            self._kept[place] = crl
            self._kept.move_to_end(place)
            self._octets += _octets(crl)
            while self._octets > self._octets_max and len(self._kept) > 1:
                _, dropped = self._kept.popitem(last=False)
                self._octets -= _octets(dropped)


def _octets(crl: PublishedCrl) -> int:
    return len(crl.der) + len(crl.delta or b"")
