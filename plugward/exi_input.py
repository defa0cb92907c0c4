"""ISO 15118 messages as users hand them over: EXI in octets, hexadecimal or base64, or JSON."""

import json
import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Mapping
from enum import Enum
from math import inf
from pathlib import Path
from typing import Annotated

import typer

from exi import codec
from exi.errors import Malformed
from exi.protocol import Protocol, schema_set
from plugward import inputs, terminal
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode


class ProtocolName(Enum):
    """Protocols as users name them."""

    SAP = "sap"
    DIN = "din70121"
    ISO_2 = "iso15118-2"
    ISO_20_COMMON = "iso15118-20"
    ISO_20_AC = "iso15118-20-ac"
    ISO_20_DC = "iso15118-20-dc"
    XMLDSIG = "xmldsig"

    @property
    def protocol(self) -> Protocol:
        return Protocol[self.name]


Source = Annotated[
    str,
    typer.Argument(metavar="MESSAGE", help="EXI in hexadecimal or base64, a file of it, or -"),
]
OfProtocol = Annotated[
    ProtocolName | None,
    typer.Option("--protocol", help="which protocol it is; else the one that can read it"),
]
Fragment = Annotated[
    bool, typer.Option("--fragment", help="one element alone, as it is signed, and no message")
]

# What a fragment may be a part of; the charge loop's protocols sign nothing.
FRAGMENT_PROTOCOLS = (Protocol.ISO_2, Protocol.ISO_20_COMMON, Protocol.XMLDSIG)
MESSAGE_PROTOCOLS = tuple(each for each in Protocol if each is not Protocol.XMLDSIG)

EXI_BEGINS = bytes([codec.HEADER])
_HEXADECIMAL = re.compile(rb"(?:[0-9a-fA-F]{2})+")


def octets(source: str) -> bytes:
    """The EXI octets of an argument: a file's or standard input's, or written in it."""
    if source != inputs.STDIN and not _names_a_file(source):
        return _written(source.encode(), "neither a file nor hexadecimal nor base64")
    held = inputs.read(source)
    if held[:1] == EXI_BEGINS:
        return held
    return _written(held, f"{source}: neither EXI nor hexadecimal nor base64")


def _names_a_file(source: str) -> bool:
    try:
        return Path(source).is_file()
    except (OSError, ValueError):  # longer than a name can be, or with a NUL in it
        return False


def _written(text: bytes, complaint: str) -> bytes:
    """Octets from hexadecimal, or from base64 that begins as EXI does; so no text is both."""
    packed = b"".join(text.split())
    if _HEXADECIMAL.fullmatch(packed):
        return bytes.fromhex(packed.decode())
    try:
        made = b64decode(packed, validate=True)
    except BadBase64:
        made = b""
    if made[:1] != EXI_BEGINS:
        raise Complaint(complaint, exit_code=ExitCode.MALFORMED)
    return made


def json_document(source: str) -> Mapping[str, object]:
    """The JSON object of an argument: a file's or standard input's, or written in it."""
    text: str | bytes = source
    if not source.lstrip().startswith("{"):
        text = inputs.read(source)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as bad:
        raise Complaint(f"no JSON: {bad}", exit_code=ExitCode.MALFORMED) from bad
    if not isinstance(document, dict):
        raise Complaint("no JSON object", exit_code=ExitCode.MALFORMED)
    return document


def protocol_for(named: ProtocolName | None, octets: bytes, *, fragment: bool) -> Protocol:
    """The protocol named, or the only one that can read these octets.

    Where none can, the one that comes farthest; a complaint where several can.
    """
    if named is not None:
        return named.protocol
    candidates = FRAGMENT_PROTOCOLS if fragment else MESSAGE_PROTOCOLS
    reached = {protocol: _reached(protocol, octets, fragment=fragment) for protocol in candidates}
    able = [protocol for protocol, place in reached.items() if place == inf]
    if len(able) > 1:
        names = ", ".join(map(name_of, able))
        raise Complaint(f"it can be read as {names}", hint="choose one with --protocol")
    protocol = max(reached, key=reached.__getitem__)
    terminal.say(f"read as {name_of(protocol)}{'' if able else ', which comes farthest'}")
    return protocol


def _reached(protocol: Protocol, octets: bytes, *, fragment: bool) -> float:
    """The bit where reading fails; infinity where it does not."""
    try:
        if fragment:
            codec.decode_fragment(octets, protocol)
        else:
            codec.decode(octets, protocol)
    except Malformed as bad:
        return bad.bit_offset
    return inf


def protocol_of_json(document: Mapping[str, object]) -> Protocol:
    """The protocol whose message a JSON object's only key names."""
    for protocol in MESSAGE_PROTOCOLS:
        known = {each.declared.element for each in schema_set(protocol).messages.values()}
        if len(document) == 1 and known.issuperset(document):
            return protocol
    raise Complaint(
        "no message of any protocol",
        hint='one key, as {"V2G_Message": {"Header": ..., "Body": ...}}',
        exit_code=ExitCode.MALFORMED,
    )


def name_of(protocol: Protocol) -> str:
    """A protocol as users name it."""
    return ProtocolName[protocol.name].value
