"""A key made here, in its file from before anybody certifies it until nobody will."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from certs import keys
from certs.errors import Refused
from certs.keys import KeyKind, PrivateKey
from plugward import bundles, terminal
from plugward.errors import Complaint, Declined


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key to ask a certificate for. ``found``: an attempt that was not answered left it."""

    path: Path
    key: PrivateKey = field(repr=False)
    passphrase: bytes | None = field(repr=False)
    found: bool

    @classmethod
    def prepare(
        cls, file: str, kind: KeyKind, *, passphrase: bytes | None = None, again: bool
    ) -> "NewKey":
        """A fresh key that is in no file yet, or ``again`` the one an earlier attempt left there.

        A complaint where the file is there and should not be, or is not and should.
        """
        path = Path(file)
        if again and not path.exists():
            raise Complaint(f"{file} is not there", hint="no earlier attempt left it: no --again")
        if again:
            key = bundles.read_key(path, passphrase)
            return cls(path=path, key=key, passphrase=passphrase, found=True)
        if path.exists():
            raise Complaint(f"{file} is there already", hint="nothing is overwritten")
        return cls(path=path, key=keys.generate(kind), passphrase=passphrase, found=False)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Has the key in its file while a certificate is asked for.

        It goes again where the authority declined: nobody will certify it. After anything else,
        silence above all, there may be a certificate that needs it, so it stays and that is told.
        """
        if not self.found:
            bundles.write_key(self.path, self.key, self.passphrase)
        try:
            yield
        except (Declined, Refused):
            if not self.found:
                self.path.unlink()
            raise
        except BaseException:  # an interrupted question may have been answered as well
            terminal.say(
                f"{self.path} keeps the key, which may be certified by now; "
                "the same command with --again asks for its certificate"
            )
            raise
