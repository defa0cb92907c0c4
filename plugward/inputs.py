"""What users hand to commands: files, standard input, anchors, moments, secrets."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path
from typing import TypeVar

from certs import pem
from certs.certificate import Certificate, parse
from certs.chain.anchors import DEFAULT_TOLERANCES, TOLERABLE, Anchor, AnchorSet
from certs.chain.roles import Purpose, Use
from certs.errors import Refused
from plugward import clock, settings
from plugward.errors import Complaint

FILE_OCTETS_MAX = 64 * 1024 * 1024  # a CRL of a large issuer; certificates have caps of their own
SECRET_CHARACTERS_MAX = 4096
STDIN = "-"

_Word = TypeVar("_Word", Use, Purpose)


def read(name: str) -> bytes:
    """A file's octets, or standard input's for ``-``; a complaint where it is not there."""
    try:
        if name == STDIN:
            octets = sys.stdin.buffer.read(FILE_OCTETS_MAX + 1)
        else:
            with Path(name).open("rb") as file:
                octets = file.read(FILE_OCTETS_MAX + 1)
    except OSError as bad:
        raise Complaint(f"{name}: {(bad.strerror or 'cannot be read').lower()}") from bad
    if len(octets) > FILE_OCTETS_MAX:
        raise Complaint(f"{name}: over {FILE_OCTETS_MAX} octets")
    return octets


def certificates(name: str) -> tuple[Certificate, ...]:
    """The certificates of a file: a PEM bundle, or one in DER."""
    octets = read(name)
    if octets[:1] == b"\x30":
        return (parse(octets),)
    return pem.parse_chain(octets)


def chain(names: Sequence[str]) -> tuple[Certificate, ...]:
    """The certificates of several files, in the order given."""
    if names.count(STDIN) > 1:
        raise Complaint("standard input can be read once")
    return tuple(certificate for name in names for certificate in certificates(name))


def one_certificate(name: str) -> Certificate:
    """The only certificate of a file."""
    found = certificates(name)
    if len(found) != 1:
        raise Complaint(f"{name}: {len(found)} certificates where one is asked for")
    return found[0]


def _named(text: str, option: str, form: str) -> tuple[str, str]:
    name, separator, rest = text.partition("=")
    if not separator or not rest:
        raise Complaint(f"{option} {text}: not of the form {form}")
    return name, rest


def anchors(
    texts: Sequence[str],
    *,
    tolerated: Sequence[str] = (),
    sub_ca_roles: Sequence[str] = (),
) -> AnchorSet:
    """The trusted roots of ``--anchor PURPOSE=FILE``, with what is tolerated below them.

    ``sub_ca_roles`` are ``USE=FILE`` of sub-CAs that do not say their role themselves.
    """
    unknown = sorted(set(tolerated) - TOLERABLE)
    if unknown:
        raise Complaint(
            f"cannot be tolerated: {', '.join(unknown)}",
            hint=f"what can: {', '.join(sorted(TOLERABLE))}",
        )
    roles: dict[bytes, Use] = {}
    for text in sub_ca_roles:
        use, name = _named(text, "--sub-ca-role", "USE=FILE")
        for certificate in certificates(name):
            roles[certificate.fingerprint] = _word(Use, use, "--sub-ca-role")
    made = []
    for text in texts:
        purpose, name = _named(text, "--anchor", "PURPOSE=FILE")
        for certificate in certificates(name):
            try:
                anchor = Anchor(
                    certificate=certificate,
                    purpose=_word(Purpose, purpose, "--anchor"),
                    tolerances=DEFAULT_TOLERANCES | set(tolerated),
                    sub_ca_roles=roles,
                )
            except Refused as bad:
                raise Complaint(f"{name} cannot be an anchor: {bad.detail} ({bad.code})") from bad
            made.append(anchor)
    return AnchorSet(made)


def _word(kind: type[_Word], word: str, option: str) -> _Word:
    try:
        return kind(word)
    except ValueError as bad:
        words = ", ".join(member.value for member in kind)
        raise Complaint(f"{option}: {word} is none of {words}") from bad


def moment(text: str | None) -> datetime:
    """The moment of ``--at``, RFC 3339 or a date; now where there is none."""
    if text is None:
        return clock.now()
    try:
        given = datetime.fromisoformat(text)
    except ValueError as bad:
        raise Complaint(
            f"{text} is no moment", hint="2026-11-21T12:00:00Z, or 2026-11-21 for its first second"
        ) from bad
    return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)


def secret(*, file: str | None, variable: str, prompt: str | None = None) -> str | None:
    """A secret from a file's first line, the environment, or the terminal; never from argv.

    None where nobody gave one and there is no terminal to ask at, or nothing to ask with.
    """
    if file is not None:
        line = read(file).split(b"\n", 1)[0].rstrip(b"\r")
        try:
            return _usable(line.decode("utf-8"), file)
        except UnicodeDecodeError as bad:
            raise Complaint(f"{file}: no UTF-8 text in its first line") from bad
    found = settings.secret(variable)
    if found is None and prompt is not None and sys.stdin.isatty():
        found = getpass(f"plugward: {prompt}: ") or None
    return found


def _usable(line: str, file: str) -> str:
    if not 0 < len(line) <= SECRET_CHARACTERS_MAX:
        raise Complaint(f"{file}: no secret of 1 to {SECRET_CHARACTERS_MAX} characters in line 1")
    return line
