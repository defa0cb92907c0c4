"""How many certificates a tenant and an identity may have in a time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from threading import Lock

from pki.errors import RateExceeded

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The settings. Zero certificates mean no limit.

    The identity's is counted in the register, so that restarts and other processes count; the
    tenant's is counted in this process's memory.
    """

    identity_certificates_max: int
    identity_window: timedelta
    tenant_certificates_per_minute: int


class Pace:
    """How fast each tenant has certificates here: a minute's worth, refilled evenly.

    In the memory of this process: several processes each allow as much, a restart begins anew.
    Only tenants with a policy come so far, so that strangers do not fill it.
    """

    def __init__(self, certificates_per_minute: int) -> None:
        self._per_minute = certificates_per_minute
        self._taken: dict[str, tuple[float, datetime]] = {}
        self._lock = Lock()

    def take(self, tenant: str, *, now: datetime) -> None:
        """Counts one certificate; RateExceeded where the minute's are used up."""
        if not self._per_minute:
            return
        with self._lock:
            level, since = self._taken.get(tenant, (0.0, now))
            drained = max(0.0, level - (now - since) / _MINUTE * self._per_minute)
            over = drained + 1 - self._per_minute
            if over > 0:
                seconds = ceil(over / self._per_minute * _MINUTE.total_seconds())
                raise RateExceeded(
                    "registration.tenant_rate",
                    f"over {self._per_minute} certificates a minute for this tenant",
                    retry_after_seconds=max(1, seconds),
                )
            self._taken[tenant] = (drained + 1, now)
