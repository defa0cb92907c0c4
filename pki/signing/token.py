"""One session with a PKCS#11 token: one caller at a time, opened again when it is lost.

Every call into a module of this process goes through one lock. The binding initialises modules
without the flag that lets them lock for themselves, while its calls release the interpreter: with
two threads in it, the process dies. docs/decisions/pkcs11-one-lock.md says why not a process.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Lock
from typing import TypeVar

import pkcs11
from pkcs11 import Session
from pkcs11.exceptions import (
    DataLenRange,
    MechanismInvalid,
    NoSuchKey,
    PinExpired,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    TemplateInconsistent,
    UserAlreadyLoggedIn,
    UserPinNotInitialized,
)

from pki.errors import SignerUnavailable

# SoftHSM fails for a moment while several processes open it at once; a network token may be away
# for longer, and then the caller is told.
ATTEMPTS_MAX = 6
PAUSE_SECONDS = 0.05  # doubled each time: 1.6 s in all

# Asked again, the token would answer the same, or count the wrong PIN once more and lock itself.
_OF_THE_PIN = (
    PinExpired, PinIncorrect, PinInvalid, PinLenRange, PinLocked, UserPinNotInitialized,
)  # fmt: skip
_FINAL = (DataLenRange, MechanismInvalid, NoSuchKey, TemplateInconsistent)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPlace:
    """Which token, through which module, and what opens it."""

    module: Path
    token: str
    pin: str = field(repr=False)
    import_allowed: bool = False
    wait_seconds: float = 2.0


class _Module:
    """A module of this process: its lock, and how often it was initialised anew.

    After that, session and object handles begin again from 1: an old handle may then name another
    key, so that whatever was opened before a new generation is not used in it.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.lock = Lock()
        self.generation = 0
        self.process = os.getpid()

    def begin_anew(self) -> None:
        self.generation += 1
        self.process = os.getpid()
        pkcs11.lib(self.path).reinitialize()


_modules: dict[str, _Module] = {}
_modules_lock = Lock()


def _module(path: Path) -> _Module:
    with _modules_lock:
        return _modules.setdefault(str(path), _Module(str(path)))


class TokenSession:
    """A session that is there when it is needed.

    ``renewed`` is called whenever handles of before are void.
    """

    def __init__(
        self,
        place: TokenPlace,
        *,
        renewed: Callable[[], None],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._place = place
        self._renewed = renewed
        self._pause = pause
        self._module = _module(place.module)
        self._session: Session | None = None
        self._generation = -1
        self._pin_refused = ""

    def __repr__(self) -> str:
        return f"<TokenSession {self._place.token}>"

    def call(self, operation: Callable[[Session], _T]) -> _T:
        """What the operation makes of the session, alone in the module; it may be run again.

        Raises SignerUnavailable where the token is busy for longer than may be waited, is not
        there, or refuses.
        """
        with self._alone():
            for attempt in count(1):
                try:
                    return operation(self._opened())
                except _OF_THE_PIN as bad:
                    self._pin_refused = type(bad).__name__
                    raise SignerUnavailable(f"token: {self._pin_refused}") from bad
                except _FINAL as bad:
                    raise SignerUnavailable(f"token: {type(bad).__name__}") from bad
                except PKCS11Error as bad:
                    if attempt == ATTEMPTS_MAX:
                        self._forget()
                        raise SignerUnavailable(f"token: {type(bad).__name__}") from bad
                    self._recover(attempt)
            raise AssertionError  # count() does not end

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._module.lock.acquire(timeout=self._place.wait_seconds):
            raise SignerUnavailable("token: busy for too long")
        try:
            if self._module.process != os.getpid():  # a fork inherits handles that are not its own
                self._module.begin_anew()
            yield
        except PKCS11Error as bad:
            raise SignerUnavailable(f"token: {type(bad).__name__}") from bad
        finally:
            self._module.lock.release()

    def _opened(self) -> Session:
        if self._session is not None and self._generation == self._module.generation:
            return self._session
        if self._pin_refused:
            raise SignerUnavailable(f"token: {self._pin_refused}; not tried again, it would lock")
        self._forget()
        token = pkcs11.lib(self._module.path).get_token(token_label=self._place.token)
        try:
            session = token.open(rw=True, user_pin=self._place.pin)
        except UserAlreadyLoggedIn:  # another session of this process: a login is the process's
            session = token.open(rw=True)
        self._session, self._generation = session, self._module.generation
        return session

    def _recover(self, attempt: int) -> None:
        """A new session may do; from the second time on the whole module begins anew."""
        self._forget()
        self._pause(PAUSE_SECONDS * 2 ** (attempt - 1))
        if attempt > 1:
            self._begin_anew()

    def _begin_anew(self) -> None:
        try:
            self._module.begin_anew()
        except PKCS11Error:
            return  # the next attempt tells

    def _forget(self) -> None:
        # Never closed: closing logs every session of the process out.
        self._session = None
        self._renewed()
