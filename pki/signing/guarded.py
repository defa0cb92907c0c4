"""The only way to a signature: through the guard, under a ceiling, each failure counted."""

from collections.abc import Callable, Mapping
from threading import Lock

from certs.keys import KeyKind, PrivateKey, PublicKey, Signer
from pki.errors import SignerUnavailable, SigningRateExceeded
from pki.signing.guard import Guard
from pki.signing.purposes import Purpose
from pki.signing.store import KeptKey, KeyStore

WINDOW_SECONDS = 60.0


class GuardedKeys:
    """pki.ports.Keys over a place that keeps keys."""

    def __init__(
        self,
        store: KeyStore,
        *,
        signatures_per_minute_max: int,
        seconds: Callable[[], float],
    ) -> None:
        """``seconds`` never goes back; the ceiling is each key's, in this process."""
        self._store = store
        self._meter = _Meter(signatures_per_minute_max, seconds)
        self._guards: dict[str, Guard] = {}
        self._failed: dict[str, int] = {}
        self._failed_lock = Lock()

    def __repr__(self) -> str:
        return f"<GuardedKeys {self._store!r}>"

    def generate(self, kind: KeyKind, *, role: str) -> KeptKey:
        return self._store.generate(kind, role=role)

    def store(self, key: PrivateKey, *, role: str) -> str:
        return self._store.store(key, role=role)

    def holds(self, key_id: str) -> bool:
        return self._store.holds(key_id)

    def signer(self, key_id: str, purpose: Purpose) -> Signer:
        """The door to a key for one purpose; SignerUnavailable where it is absent."""
        try:
            inner = self._store.signer(key_id)
            role = self._store.role_of(key_id)
        except SignerUnavailable:
            self._count_failure(key_id)
            raise
        guard = self._guards.get(key_id)
        if guard is None or not guard.fits(role, inner.public_key):
            guard = Guard(key_id=key_id, role=role, public_key=inner.public_key)
            self._guards[key_id] = guard
        return _GuardedSigner(self, key_id, inner, guard, purpose)

    def failures(self) -> Mapping[str, int]:
        """How many signatures failed or were refused, by key id."""
        with self._failed_lock:
            return dict(self._failed)

    def sign(
        self, data: bytes, *, key_id: str, inner: Signer, guard: Guard, purpose: Purpose
    ) -> bytes:
        """A signature over octets that pass; SigningRefused, SigningRateExceeded."""
        try:
            guard.check(data, purpose)
            self._meter.count(key_id)
            return inner.sign(data)
        except SignerUnavailable:
            self._count_failure(key_id)
            raise

    def _count_failure(self, key_id: str) -> None:
        with self._failed_lock:
            self._failed[key_id] = self._failed.get(key_id, 0) + 1


class _GuardedSigner:
    """The door to one key for one purpose."""

    __slots__ = ("_guard", "_inner", "_key_id", "_keys", "_purpose")

    def __init__(
        self, keys: GuardedKeys, key_id: str, inner: Signer, guard: Guard, purpose: Purpose
    ) -> None:
        self._keys = keys
        self._key_id = key_id
        self._inner = inner
        self._guard = guard
        self._purpose = purpose

    @property
    def public_key(self) -> PublicKey:
        return self._inner.public_key

    def sign(self, data: bytes) -> bytes:
        return self._keys.sign(
            data,
            key_id=self._key_id,
            inner=self._inner,
            guard=self._guard,
            purpose=self._purpose,
        )


class _Meter:
    """Signatures of each key in a window of a minute that its first one opens."""

    def __init__(self, most: int, seconds: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._windows: dict[str, tuple[float, int]] = {}
        self._lock = Lock()

    def count(self, key_id: str) -> None:
        now = self._seconds()
        with self._lock:
            opened, counted = self._windows.get(key_id, (now, 0))
            if now - opened >= WINDOW_SECONDS:
                opened, counted = now, 0
            if counted >= self._most:
                left = WINDOW_SECONDS - (now - opened)
                raise SigningRateExceeded(
                    f"{self._most} signatures a minute", retry_after_seconds=int(left) + 1
                )
            self._windows[key_id] = (opened, counted + 1)
