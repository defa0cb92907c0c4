"""plugward exi decode, encode, inspect: forms of input, protocols told and guessed, bad input."""

import io
import json
from base64 import b64encode
from pathlib import Path

import pytest

from exi.codec import encode
from exi.protocol import Protocol
from plugward.cli import main
from plugward.exi_input import ProtocolName
from plugward.exit_codes import ExitCode
from tests.signed_messages import ISO_2, ISO_20

STATUS = bytes.fromhex("80980220b6e8e913b5b96e50b0")
STATUS_JSON = {
    "V2G_Message": {"Header": {"SessionID": "82DBA3A44ED6E5B9"}, "Body": {"ChargingStatusReq": {}}}
}
AUTHORIZATION = "8004015a590c408000081018202830384048505860687079e8"
VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors/exi/messages.json").read_text()
) + json.loads((Path(__file__).parents[1] / "vectors/exi/published.json").read_text())
DOCUMENTS = [vector for vector in VECTORS if vector["kind"] == "document"]


def answer(capsys, *argv):
    status = main(["exi", *argv])
    said = capsys.readouterr()
    return status, said.out, said.err


def given_on_stdin(monkeypatch, octets):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(octets)))


@pytest.mark.parametrize(
    "written",
    [
        STATUS.hex(),
        STATUS.hex().upper(),
        f"  {STATUS.hex(' ')}\n",
        b64encode(STATUS).decode(),
    ],
    ids=["hex", "upper", "spaced", "base64"],
)
@pytest.mark.parametrize("where", ["argument", "file", "stdin"])
def test_a_message_is_read_in_every_form(written, where, capsys, monkeypatch, tmp_path):
    source = written
    if where == "file":
        path = tmp_path / "message"
        path.write_text(written)
        source = str(path)
    elif where == "stdin":
        given_on_stdin(monkeypatch, written.encode())
        source = "-"
    status, out, err = answer(capsys, "decode", source)
    assert (status, json.loads(out)) == (ExitCode.YES, STATUS_JSON)
    assert err == "plugward: read as iso15118-2\n"


def test_octets_themselves_are_read_from_files_and_standard_input(capsys, monkeypatch, tmp_path):
    path = tmp_path / "message.exi"
    path.write_bytes(STATUS)
    assert json.loads(answer(capsys, "decode", str(path))[1]) == STATUS_JSON
    given_on_stdin(monkeypatch, STATUS)
    assert json.loads(answer(capsys, "decode", "-")[1]) == STATUS_JSON


@pytest.mark.parametrize("vector", DOCUMENTS, ids=lambda vector: vector["name"])
def test_the_protocol_is_found_and_decode_and_encode_are_inverse(vector, capsys):
    protocol = (
        Protocol[vector["protocol"]] if "protocol" in vector else Protocol(vector["namespace"])
    )
    status, out, err = answer(capsys, "decode", vector["exi_hex"])
    assert (status, err) == (
        ExitCode.YES,
        f"plugward: read as {ProtocolName[protocol.name].value}\n",
    )
    assert answer(capsys, "encode", out)[1] == vector["exi_hex"].lower() + "\n"


@pytest.mark.parametrize("messages", [ISO_2, ISO_20], ids=["-2", "-20"])
def test_no_signed_message_is_of_two_protocols(messages, capsys):
    for message in messages.values():
        assert answer(capsys, "decode", encode(message).hex())[0] == ExitCode.YES


def test_a_fragment_is_read_and_written(capsys):
    status, out, _ = answer(capsys, "decode", "--fragment", AUTHORIZATION)
    element = {"AuthorizationReq": {"Id": "id1", "GenChallenge": "AAECAwQFBgcICQoLDA0ODw=="}}
    assert (status, json.loads(out)) == (ExitCode.YES, element)
    status, written, _ = answer(
        capsys, "encode", "--fragment", "--protocol", "iso15118-2", json.dumps(element)
    )
    assert (status, written) == (ExitCode.YES, AUTHORIZATION + "\n")


def test_a_fragments_protocol_is_not_guessed_when_writing(capsys):
    status, out, err = answer(capsys, "encode", "--fragment", '{"AuthorizationReq": {}}')
    assert (status, out) == (ExitCode.ASKED_WRONGLY, "")
    assert "--protocol" in err


def test_base64_is_written_when_asked_for(capsys):
    _, out, _ = answer(capsys, "encode", json.dumps(STATUS_JSON), "--form", "base64")
    assert out == b64encode(STATUS).decode() + "\n"


def test_json_is_read_from_files_and_standard_input(capsys, monkeypatch, tmp_path):
    path = tmp_path / "message.json"
    path.write_text(json.dumps(STATUS_JSON))
    assert answer(capsys, "encode", str(path))[1] == STATUS.hex() + "\n"
    given_on_stdin(monkeypatch, path.read_bytes())
    assert answer(capsys, "encode", "-")[1] == STATUS.hex() + "\n"


def test_inspect_shows_bits_with_their_offsets(capsys):
    """The trace of docs/exi.md and of the published bit layout."""
    status, out, err = answer(capsys, "inspect", STATUS.hex())
    assert (status, err) == (ExitCode.YES, "plugward: read as iso15118-2\n")
    lines = [line.split() for line in out.splitlines()]
    assert ["8", "7", "1001100", "SE(V2G_Message)"] in lines
    assert ["94", "6", "001011", "SE(ChargingStatusReq)"] in lines
    assert lines[-1] == ["103", "1", "0", "padding"]


def test_inspect_for_programs_has_every_bit_once(capsys):
    status, out, _ = answer(capsys, "inspect", "--json", STATUS.hex())
    said = json.loads(out)
    assert (status, said["error"]) == (ExitCode.YES, None)
    bits = "".join(place["bits"] for place in said["places"])
    assert int(bits, 2).to_bytes(len(STATUS), "big") == STATUS
    (session,) = [each for each in said["places"] if each["value"] == "82DBA3A44ED6E5B9"]
    assert session["path"] == ["V2G_Message", "Header", "SessionID"]
    assert session["bitOffset"] == 26


def test_inspect_of_a_fragment(capsys):
    status, out, _ = answer(capsys, "inspect", "--fragment", AUTHORIZATION)
    assert status == ExitCode.YES
    assert "SE(AuthorizationReq)" in out
    assert out.splitlines()[-2].split()[1:] == ["8", "11110100", "ED"]


def test_v21_inspect_shows_what_is_there_of_a_truncated_message(capsys):
    status, out, err = answer(capsys, "inspect", STATUS[:6].hex())
    assert status == ExitCode.MALFORMED
    assert "SE(SessionID)" in out
    assert "exi.truncated" in out.splitlines()[-1]
    assert "comes farthest" in err
    status, out, _ = answer(capsys, "inspect", "--json", STATUS[:6].hex())
    error = json.loads(out)["error"]
    assert status == ExitCode.MALFORMED
    assert (error["code"], error["bitOffset"]) == ("exi.truncated", 26)
    assert error["path"] == ["V2G_Message", "Header", "SessionID"]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (STATUS[:6].hex(), "exi.truncated"),
        ((STATUS + b"\0").hex(), "exi.trailing_octets"),
        ("24455849", "exi.header_unexpected"),
        ("80", "exi.truncated"),
    ],
    ids=["truncated", "trailing", "cookie", "header alone"],
)
def test_malformed_messages_are_told_with_their_code(source, code, capsys):
    status, out, err = answer(capsys, "decode", source)
    assert (status, out) == (ExitCode.MALFORMED, "")
    assert code in err


@pytest.mark.parametrize("source", ["", "no such file", "808", "80zz", "g", "\0", "8" * 5000 + "x"])
def test_what_is_no_message_in_any_form_is_told(source, capsys):
    status, out, err = answer(capsys, "decode", source)
    assert (status, out) == (ExitCode.MALFORMED, "")
    assert "neither a file nor hexadecimal nor base64" in err


def test_a_file_of_something_else_is_told(capsys, tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("dear engineer")
    status, _, err = answer(capsys, "decode", str(path))
    assert status == ExitCode.MALFORMED
    assert "letter.txt" in err


@pytest.mark.parametrize(
    "document",
    [
        "{",
        '{"V2G_Message": ',
        "{}",
        '{"NoMessage": {}}',
        '{"V2G_Message": {}, "AuthorizationReq": {}}',
        '{"V2G_Message": {"Header": {"SessionID": 5}, "Body": {}}}',
        '{"V2G_Message": {"Header": {"SessionID": "00"}, "Body": {"ChargingStatusReq": {"X": 1}}}}',
        '{"V2G_Message": {"Header": {"SessionID": "' + "00" * 9 + '"}, "Body": {}}}',
        '{"a":' * 100_000,
    ],
    ids=["open", "cut", "empty", "unknown", "two", "type", "unexpected", "too long", "deep"],
)
def test_json_that_is_no_message_is_told(document, capsys):
    status, out, _ = answer(capsys, "encode", document)
    assert (status, out) == (ExitCode.MALFORMED, "")


def test_json_that_is_no_object_is_told(capsys, tmp_path):
    path = tmp_path / "list.json"
    path.write_text("[]")
    assert answer(capsys, "encode", str(path))[0] == ExitCode.MALFORMED


def test_every_protocol_can_be_named():
    assert {name.protocol for name in ProtocolName} == set(Protocol)
