"""Private keys in encrypted files of one directory."""

import os
import secrets
import stat
from pathlib import Path
from threading import Lock

from certs.keys import KeyKind, PrivateKey, Signer, SoftwareSigner, generate
from pki.errors import ConfigurationRefused, Conflict, NotFound, SignerUnavailable
from pki.signing.envelope import (
    ENVELOPE_OCTETS_MAX,
    NONCE_OCTETS,
    SALT_OCTETS,
    Cost,
    Derivation,
    derive_key,
    key_id_of,
    seal,
    told,
    unseal,
)
from pki.signing.store import KeptKey

KEY_ID_CHARACTERS = 40
PASSPHRASE_OCTETS_MIN = (
    8  # a typing error, not a policy: scrypt makes guessing dear, not short words long
)


class KeyFiles:
    """pki.signing.store.KeyStore and Custody over ``<directory>/<key id>.key``.

    Mode 0600, one passphrase for all.

    Keys are opened when first asked to sign and stay in memory. A file is written with a salt
    already paid for where there is one, so that a directory of keys costs one derivation and not
    one a key; each file has a nonce of its own. ``cost`` exists for tests, which cannot spend
    half a second a key: settings have no way to it.
    """

    def __init__(self, directory: Path, passphrase: bytes, *, cost: Cost | None = None) -> None:
        """Raises ConfigurationRefused for a passphrase too short; the directory need not exist."""
        if len(passphrase) < PASSPHRASE_OCTETS_MIN:
            raise ConfigurationRefused(
                f"the passphrase has fewer than {PASSPHRASE_OCTETS_MIN} octets"
            )
        self._directory = directory
        self._passphrase = passphrase
        self._cost = cost or Cost()
        self._lock = Lock()
        self._derived: dict[Derivation, bytes] = {}
        self._signers: dict[str, tuple[Signer, str]] = {}

    def __repr__(self) -> str:
        return f"<KeyFiles {self._directory}>"

    def store(self, key: PrivateKey, *, role: str) -> str:
        return self.write(key, role=role)

    def write(self, key: PrivateKey, *, role: str, force: bool = False) -> str:
        """Keeps a key in its file and returns its key id; ``force`` replaces a file that is there.

        Raises Conflict where there is one, Unavailable where the directory cannot be written.
        """
        key_id = key_id_of(key)
        path = self._path(key_id)
        with self._lock:
            own = next((paid for paid in self._derived if paid.cost == self._cost), None)
            own = own or Derivation(cost=self._cost, salt=secrets.token_bytes(SALT_OCTETS))
            envelope = seal(
                key,
                role=role,
                derivation=own,
                derive=self._derive,
                nonce=secrets.token_bytes(NONCE_OCTETS),
            )
            try:
                self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                written = _write_whole(path, envelope, force=force)
            except OSError as bad:
                raise SignerUnavailable(f"key file: {bad.strerror}") from bad
            if not written:
                raise Conflict("a key file of this key id is there", code="conflict.key")
            self._signers[key_id] = SoftwareSigner(key), role
        return key_id

    def generate(self, kind: KeyKind, *, role: str) -> KeptKey:
        key = generate(kind)
        return KeptKey(key_id=self.write(key, role=role), role=role, public_key=key.public_key())

    def holds(self, key_id: str) -> bool:
        return self._path(key_id).is_file()

    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys in the directory."""
        return tuple(sorted(path.stem for path in self._directory.glob("*.key")))

    def signer(self, key_id: str) -> Signer:
        return self._opened(key_id)[0]

    def role_of(self, key_id: str) -> str:
        """As sealed: a file whose role was changed does not open."""
        return self._opened(key_id)[1]

    def listed(self) -> tuple[KeptKey, ...]:
        """What the files say, none of them opened."""
        return tuple(
            told(_read_whole(self._path(key_id)), key_id=key_id) for key_id in self.key_ids()
        )

    def destroy(self, key_id: str) -> None:
        """Removes the file. What backups and the disk's own spare blocks hold is not reached."""
        path = self._path(key_id)
        with self._lock:
            self._signers.pop(key_id, None)
            try:
                path.unlink()
                _flush_directory(path.parent)
            except FileNotFoundError as bad:
                raise NotFound("no key file of this key id") from bad
            except OSError as bad:
                raise SignerUnavailable(f"key file: {bad.strerror}") from bad

    def change_passphrase(self, passphrase: bytes) -> tuple[str, ...]:
        """Seals every file anew under a new passphrase; the key ids of those that were.

        Each file is replaced whole. Cut short and asked again with the same two passphrases, it
        ends what it began: files that the new one opens already are left. Raises
        SignerUnavailable, before anything is written, where a file opens by neither.
        """
        after = KeyFiles(self._directory, passphrase, cost=self._cost)
        found = [(key_id, self._under(key_id, after)) for key_id in self.key_ids()]
        due = [(key_id, opened) for key_id, opened in found if opened is not None]
        for _, (key, role) in due:
            after.write(key, role=role, force=True)
        return tuple(key_id for key_id, _ in due)

    def _under(self, key_id: str, after: "KeyFiles") -> tuple[PrivateKey, str] | None:
        """A key that this passphrase opens; None where the new one does."""
        with self._lock:
            try:
                return self._unsealed(key_id)
            except SignerUnavailable:
                after.signer(key_id)
                return None

    def _opened(self, key_id: str) -> tuple[Signer, str]:
        with self._lock:
            known = self._signers.get(key_id)
            if known is None:
                key, role = self._unsealed(key_id)
                known = self._signers[key_id] = SoftwareSigner(key), role
            return known

    def _unsealed(self, key_id: str) -> tuple[PrivateKey, str]:
        return unseal(
            _read_whole(self._path(key_id)),
            key_id=key_id,
            cost_min=self._cost,
            derive=self._derive,
        )

    def _path(self, key_id: str) -> Path:
        if len(key_id) != KEY_ID_CHARACTERS or not set(key_id) <= set("0123456789abcdef"):
            raise SignerUnavailable("not a key id")
        return self._directory / f"{key_id}.key"

    def _derive(self, derivation: Derivation) -> bytes:
        derived = self._derived.get(derivation)
        if derived is None:
            derived = self._derived[derivation] = derive_key(self._passphrase, derivation)
        return derived


def _write_whole(path: Path, octets: bytes, *, force: bool) -> bool:
    """Writes beside and links into place: a crash leaves the old file or the new one, no half.

    False where a file is there that only ``force`` would replace.
    """
    beside = path.with_suffix(f".{secrets.token_hex(4)}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - an open descriptor, made with its mode
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        if force:
            beside.replace(path)
        else:
            path.hardlink_to(beside)
    except FileExistsError:
        return False
    finally:
        beside.unlink(missing_ok=True)
    _flush_directory(path.parent)
    return True


def _flush_directory(path: Path) -> None:
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _read_whole(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise SignerUnavailable(f"key file: mode {mode:o} lets others read it")
            return file.read(ENVELOPE_OCTETS_MAX + 1)
    except OSError as bad:
        raise SignerUnavailable(f"key file: {bad.strerror}") from bad
