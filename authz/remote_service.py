"""A service of somebody else's that the operator lets us use: where it is, and our key for it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from authz.outbound_rule import OutboundRule, Target, target
from certs.errors import Refused

KEY_CHARACTERS_MAX = 8_192  # OAuth's bearer tokens are long
_SETTING = "settings.remote_service"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteService:
    """A base URL that is its own entry on the operator's list."""

    base: str
    rule: OutboundRule
    api_key: str = field(default="", repr=False)

    @classmethod
    def parse(
        cls, base: str, *, networks: tuple[str, ...], api_key: str, api_key_file: Path | None
    ) -> Self:
        """A service from its settings; Refused("settings.remote_service") for what is none."""
        base = base.rstrip("/")
        if target(base) is None or "?" in base:
            raise Refused(_SETTING, "a service is an absolute http or https URL")
        if api_key and api_key_file is not None:
            raise Refused(_SETTING, "a key is written or in a file, not both")
        key = api_key if api_key_file is None else _from_file(api_key_file)
        if not (key.isascii() and key.isprintable() and len(key) <= KEY_CHARACTERS_MAX):
            raise Refused(_SETTING, "a key is one line of visible ASCII")
        return cls(base=base, rule=OutboundRule.parse(base, networks), api_key=key)

    def at(self, path: str) -> Target:
        """A path of the service, which begins with a slash."""
        found = target(self.base + path)
        if found is None:
            raise ValueError("not a path")
        return found

    @property
    def authorization(self) -> str:
        """The Authorization header's value; empty without a key."""
        return f"Bearer {self.api_key}" if self.api_key else ""


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(KEY_CHARACTERS_MAX + 1).decode().strip()
    except OSError as bad:
        raise Refused(_SETTING, f"the key's file cannot be read: {bad.strerror}") from bad
    except ValueError as bad:
        raise Refused(_SETTING, "the key's file is not text") from bad
