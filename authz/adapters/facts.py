"""What this process remembers of the rows that every question reads, and what each is called."""

from collections import OrderedDict
from typing import Any, Protocol

ENTRIES_MAX = 20_000  # of some 700 octets; of 3 KiB where they are certificates: 60 MB at most

# The triggers of migration 0004 write the same names.


def key_fact(key_id: str) -> str:
    """An API key."""
    return f"key {key_id}"


def tenant_fact(tenant: str) -> str:
    """A tenant's generation."""
    return f"tenant {tenant}"


def contract_fact(tenant: str, emaid: str) -> str:
    """A contract, by its canonical eMAID."""
    return f"contract {tenant} {emaid}"


def certificate_fact(tenant: str, serial: int) -> str:
    """Known contract certificates of a serial number."""
    return f"certificate {tenant} {serial:x}"


class Changes(Protocol):
    """Tells which facts changed, whoever changed them."""

    def start(self, facts: "Facts") -> None:
        """Begins to tell; called on the event loop that asks."""
        ...

    def current(self) -> bool:
        """Whether everything that changed has been told.

        Told of what was committed up to a moment that the adapter names; False where the database
        cannot be asked, so that nothing remembered is used then.
        """
        ...

    async def close(self) -> None:
        """Ends telling."""
        ...


class Facts:
    """Facts by name, each until it changes; the longest unused are forgotten first.

    That a row is not there is never remembered, so a new row needs no telling. All of it belongs
    to one event loop.
    """

    def __init__(self, changes: Changes, *, entries_max: int = ENTRIES_MAX) -> None:
        self._changes = changes
        self._entries: OrderedDict[str, Any] = OrderedDict()
        self._entries_max = entries_max
        self._forgotten = 0

    def __len__(self) -> int:
        """How many facts are remembered."""
        return len(self._entries)

    def start(self) -> None:
        """Begins to remember."""
        self._changes.start(self)

    async def close(self) -> None:
        """Remembers nothing from now on."""
        await self._changes.close()
        self.forget_all()

    def recall(self, name: str) -> Any | None:  # noqa: ANN401 - whoever kept it knows what it is
        """A fact that nobody changed; None where it has to be read."""
        if not self._changes.current():
            return None
        held = self._entries.get(name)
        if held is not None:
            self._entries.move_to_end(name)
        return held

    def mark(self) -> int | None:
        """What ``keep`` is to be given for a row that is read after this; None keeps nothing."""
        return self._forgotten if self._changes.current() else None

    def keep(self, name: str, value: object, mark: int | None) -> None:
        """Remembers a row, unless anything changed since its reading began."""
        if mark is None or mark != self._forgotten:
            return
        self._entries[name] = value
        self._entries.move_to_end(name)
        if len(self._entries) > self._entries_max:
            self._entries.popitem(last=False)

    def forget(self, name: str) -> None:
        """Forgets a fact that changed, and every row that is being read."""
        self._forgotten += 1
        self._entries.pop(name, None)

    def forget_all(self) -> None:
        """Forgets everything: what changed is not known."""
        self._forgotten += 1
        self._entries.clear()
