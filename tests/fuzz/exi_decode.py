"""Coverage-guided fuzzing of the EXI codec (atheris): any bytes give a message or Malformed.

    python -m venv .interop/fuzz && .interop/fuzz/bin/pip install atheris==3.0.0
    .interop/fuzz/bin/python tests/fuzz/exi_decode.py corpus/ -max_total_time=600

The first octet chooses the protocol and whether it is a document or a fragment. ``corpus()`` makes
the seeds from the vectors; the first argument's folder is filled with them when it is empty.
"""

import json
import sys
from contextlib import nullcontext
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

if __name__ == "__main__":
    import atheris

    watched = atheris.instrument_imports(include=["exi"])
else:
    watched = nullcontext()

with watched:
    from exi.codec import decode, decode_fragment, encode, encode_fragment
    from exi.errors import Malformed
    from exi.inspection import inspect_fragment, inspect_message
    from exi.json_form import from_json, to_json
    from exi.protocol import Protocol, schema_set

    for each in Protocol:
        schema_set(each)

PROTOCOLS = list(Protocol)


def corpus() -> list[bytes]:
    """Each vector with its choosing octet."""
    vectors = json.loads((ROOT / "tests/vectors/exi/messages.json").read_text())
    return [
        bytes([2 * PROTOCOLS.index(Protocol(v["namespace"])) + (v["kind"] == "fragment")])
        + bytes.fromhex(v["exi_hex"])
        for v in vectors
    ]


def one_input(data: bytes) -> None:
    """What must hold for any bytes; raises for what does not."""
    if not data:
        return
    chosen, message = data[0] % (2 * len(PROTOCOLS)), data[1:]
    protocol = PROTOCOLS[chosen // 2]
    if chosen % 2:
        _fragment(message, protocol)
    else:
        _document(message, protocol)


def _document(data: bytes, protocol: Protocol) -> None:
    _, error = inspect_message(data, protocol)
    try:
        message = decode(data, protocol)
    except Malformed as refused:
        if error is None or (error.code, error.bit_offset) != (refused.code, refused.bit_offset):
            raise AssertionError(f"{refused}, but inspected {error}") from refused
        return
    if error is not None or decode(encode(message), protocol) != message:
        raise AssertionError(f"not the same again: {message}")
    if from_json(to_json(message), protocol) != message:
        raise AssertionError(f"not the same from JSON: {message}")


def _fragment(data: bytes, protocol: Protocol) -> None:
    _, error = inspect_fragment(data, protocol)
    try:
        name, element = decode_fragment(data, protocol)
    except Malformed as refused:
        if error is None or (error.code, error.bit_offset) != (refused.code, refused.bit_offset):
            raise AssertionError(f"{refused}, but inspected {error}") from refused
        return
    written = encode_fragment(element, protocol, name=name)
    if error is not None or decode_fragment(written, protocol) != (name, element):
        raise AssertionError(f"not the same again: {element}")


def main() -> None:
    """Runs the campaign; needs atheris."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".interop/fuzz-corpus"
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        for index, seed in enumerate(corpus()):
            (folder / f"vector-{index:02}").write_bytes(seed)
    atheris.Setup([sys.argv[0], str(folder), *sys.argv[2:]], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
