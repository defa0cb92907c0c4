"""What was said between a vehicle and a charger, as a capture that people can read."""

from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from types import MappingProxyType

from certs import names
from certs.certificate import parse
from certs.errors import Malformed as MalformedCertificate
from ev_emulator.framing.v2gtp import PayloadType
from ev_emulator.ports import (
    CertificateQuestion,
    ContractQuestion,
    ExternalQuestion,
    TariffQuestion,
)
from ev_emulator.session.events import (
    Asked,
    Authorized,
    ContractInstalled,
    Event,
    MessageReceived,
    MessageSent,
    ReceiptSigned,
    SessionFailed,
    TariffReceived,
)
from exi.codec import decode
from exi.errors import Malformed
from exi.json_form import Json, to_json
from exi.protocol import Protocol

PATH_COLUMNS_MAX = 60  # a longer path pushes its value out of the column
SHOWN_CHARACTERS_MAX = 72  # of one value; the rest is counted, not shown
_HANDSHAKE = "supportedAppProtocol"


class Side(Enum):
    """Who speaks."""

    EVCC = "EVCC"
    SECC = "SECC"

    @property
    def other(self) -> "Side":
        return Side.SECC if self is Side.EVCC else Side.EVCC


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One message on its way."""

    moment: datetime
    sender: Side
    name: str
    payload_type: PayloadType
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What happened off the wire: at the side ``at``, in words; ``question`` where the charger
    asked its operator.
    """

    moment: datetime
    at: Side
    text: str
    question: bool = False


Entry = Packet | Remark


class Recorder:
    """Keeps what sessions tell; mutable. The messages are taken from one side, remarks from both.

    ``now`` is the clock of the capture. Give ``vehicle`` and ``charger`` to whoever notes events.
    """

    def __init__(self, now: Callable[[], datetime], *, messages_of: Side = Side.EVCC) -> None:
        self._now = now
        self._messages_of = messages_of
        self.entries: list[Entry] = []

    def vehicle(self, event: Event) -> None:
        """Something the vehicle's session tells."""
        self._keep(event, Side.EVCC)

    def charger(self, event: Event) -> None:
        """Something the charger's session tells."""
        self._keep(event, Side.SECC)

    def _keep(self, event: Event, side: Side) -> None:
        moment = self._now()
        match event:
            case MessageSent() | MessageReceived():
                if side is self._messages_of:
                    sent = isinstance(event, MessageSent)
                    packet = Packet(
                        moment=moment,
                        sender=side if sent else side.other,
                        name=event.name,
                        payload_type=event.payload_type,
                        payload=event.payload,
                    )
                    self.entries.append(packet)
            case Asked(question=question):
                text = _question(question)
                self.entries.append(Remark(moment=moment, at=side, text=text, question=True))
            case _:
                text = _remark(event)
                if text:
                    self.entries.append(Remark(moment=moment, at=side, text=text))


def _question(question: object) -> str:
    match question:
        case ContractQuestion(emaid=emaid, path=path):
            how = "verified here" if path else "root unknown here"
            return f"may {emaid} charge? ({how})"
        case ExternalQuestion(evcc_id=evcc_id):
            return f"may the vehicle {evcc_id.hex(':')} charge?"
        case CertificateQuestion(action=action, exi=exi):
            return f"{action.value} a contract certificate ({len(exi)} octets of EXI, unread)"
        case TariffQuestion(emaid=emaid):
            return f"is there a tariff for {emaid}?"
        case _:
            return type(question).__name__


def _remark(event: Event) -> str:
    match event:
        case ContractInstalled(emaid=emaid, updated=updated):
            return f"contract {emaid} {'updated' if updated else 'installed'}"
        case Authorized(emaid=emaid):
            return f"authorized: {emaid}" if emaid else "authorized"
        case TariffReceived(tariff_id=number, believed=believed, reason=reason):
            return f"tariff {number} " + ("believed" if believed else f"not believed: {reason}")
        case ReceiptSigned(meter_id=meter_id, meter_wh=meter_wh):
            return f"receipt for {meter_wh} Wh of {meter_id}"
        case SessionFailed(failure=failure, response_code=word):
            return f"failed: {failure.code}" + (f" ({word})" if word else "")
        case _:
            return ""


# Text


def lines(entries: Iterable[Entry], *, fields: bool = True) -> Iterator[str]:
    """The capture as text: a line for each entry, and below a message its decoded fields."""
    began: datetime | None = None
    for entry in entries:
        began = began or entry.moment
        at = f"{(entry.moment - began).total_seconds():10.6f}"
        match entry:
            case Packet():
                way = f"{entry.sender.value} > {entry.sender.other.value}"
                octets = f"{len(entry.payload):4} octets"
                kind = f"V2GTP 0x{entry.payload_type:04x}"
                yield f"{at}  {way}  {kind}  {octets}  {entry.name}"
                if fields:
                    yield from (f"{'':12}{line}" for line in decoded(entry))
            case Remark(at=side, text=text, question=question):
                mark = "? operator:" if question else "*"
                yield f"{at}  {side.value}  {mark} {text}"


def message_of(packet: Packet) -> Mapping[str, Json]:
    """A message's fields as JSON, without element names around them; raises exi's Malformed."""
    document = to_json(decode(packet.payload, protocol_of(packet)))
    (content,) = document.values()
    if not isinstance(content, dict):
        return {}
    body = content.get("Body")
    if isinstance(body, dict):  # -2: the header is told with the body
        header = content.get("Header")
        inner = body.get(packet.name)
        return {
            **(header if isinstance(header, dict) else {}),
            **(inner if isinstance(inner, dict) else {}),
        }
    return content


def protocol_of(packet: Packet) -> Protocol:
    """The protocol whose grammars a payload was written with."""
    if packet.name.startswith(_HANDSHAKE):
        return Protocol.SAP
    return _PROTOCOLS.get(packet.payload_type, Protocol.ISO_2)


_PROTOCOLS: Mapping[PayloadType, Protocol] = MappingProxyType(
    {
        PayloadType.EXI: Protocol.ISO_2,
        PayloadType.ISO_20_MAIN: Protocol.ISO_20_COMMON,
        PayloadType.ISO_20_AC: Protocol.ISO_20_AC,
        PayloadType.ISO_20_DC: Protocol.ISO_20_DC,
    }
)


def decoded(packet: Packet) -> Iterator[str]:
    """A packet's fields, one a line, by their paths; what cannot be decoded says why."""
    try:
        message = message_of(packet)
    except Malformed as bad:
        yield f"not decoded: {bad}"
        return
    rows = list(_rows("", message))
    width = min(max((len(path) for path, _ in rows), default=0), PATH_COLUMNS_MAX)
    for path, value in rows:
        yield f"{path:<{width}}  {value}"


def _rows(path: str, value: "Json | Mapping[str, Json]") -> Iterator[tuple[str, str]]:
    match value:
        case dict() | Mapping():
            for name, inner in value.items():
                yield from _rows(f"{path}.{name}" if path else name, inner)
        case list():
            for index, inner in enumerate(value):
                yield from _rows(f"{path}[{index}]", inner)
        case _:
            yield path, _shown(path, value)


def _shown(path: str, value: bool | int | str) -> str:  # noqa: FBT001 - a value of JSON
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if "Cert" in path and len(text) > SHOWN_CHARACTERS_MAX:
        return _certificate(text)
    if len(text) > SHOWN_CHARACTERS_MAX:
        return f"{text[:SHOWN_CHARACTERS_MAX]}... ({len(text)} characters)"
    return text


def _certificate(text: str) -> str:
    """A certificate's subject and time instead of its octets."""
    try:
        der = b64decode(text, validate=True)
        certificate = parse(der)
    except (ValueError, MalformedCertificate):
        return f"{text[:SHOWN_CHARACTERS_MAX]}... ({len(text)} characters)"
    until = certificate.not_after.date().isoformat()
    return f"{len(der)} octets: {names.text(certificate.subject)}, until {until}"


# Diagram


def sequence_diagram(entries: Iterable[Entry], *, title: str = "") -> str:
    """The capture as a Mermaid sequence diagram; a run of the same exchange is drawn once."""
    drawn = [f"---\ntitle: {title}\n---"] if title else []
    drawn += [
        "sequenceDiagram",
        "    participant EVCC as EV",
        "    participant SECC as Charger",
        "    participant CSO as Operator",
    ]
    previous: list[str] = []
    for entry in entries:
        line = _arrow(entry)
        if line in previous[-2:] and isinstance(entry, Packet):
            continue  # another round of the loop, or of Ongoing
        previous.append(line)
        drawn.append(f"    {line}")
    return "\n".join(drawn) + "\n"


def _arrow(entry: Entry) -> str:
    match entry:
        case Packet(sender=sender, name=name):
            head = "->>" if sender is Side.EVCC else "-->>"
            return f"{sender.value}{head}{sender.other.value}: {name}{_code(entry)}"
        case Remark(text=text, question=True):
            return f"SECC->>CSO: {_plain(text)}"
        case Remark(at=side, text=text):
            return f"Note over {side.value}: {_plain(text)}"


def _code(packet: Packet) -> str:
    """What a response says besides OK."""
    try:
        message = message_of(packet)
    except Malformed:
        return ""
    word = message.get("ResponseCode", "OK")
    ongoing = " (Ongoing)" if message.get("EVSEProcessing") == "Ongoing" else ""
    return ongoing if word == "OK" else f" {word}{ongoing}"


def _plain(text: str) -> str:
    """Text without what Mermaid takes for its own."""
    return text.replace(";", ",").replace("#", "")
