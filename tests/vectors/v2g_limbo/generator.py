"""The whole suite as text, the same on every run."""

from functools import cache

from tests.vectors.v2g_limbo import identities, material, paths, positions
from tests.vectors.v2g_limbo.suite import Suite


@cache
def text() -> str:
    """What limbo.json holds."""
    suite = Suite()
    for room in (positions, material, paths, identities):
        room.write(suite)
    return suite.encode()
