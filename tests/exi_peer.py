"""The peer's EXI codec (PyPI iso15118 0.31.2: EXIficient in a Java machine), driven from outside.

It lives in a virtual environment of its own under .interop/, which ``Peer`` makes when it is not
there, and answers JSON lines: see exi_peer_driver.py. Its two doors are both open: the JSON codec
that iso15118 uses (``encode``, ``decode``), with the faults named in docs/exi.md, and EXIficient
itself, which takes XML (``xml``).
"""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from xml.etree import ElementTree as ET

from exi.declaration import Complex, Declaration, Name, Role

ROOT = Path(__file__).resolve().parents[1]
VERSION = "0.31.2"
HOME = ROOT / ".interop" / f"iso15118-{VERSION}"
DRIVER = Path(__file__).with_name("exi_peer_driver.py")


def python() -> Path:
    """The interpreter of the peer's environment, which is set up if it is not there."""
    HOME.parent.mkdir(exist_ok=True)
    done = HOME / "installed"
    with (HOME.parent / f"{HOME.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run in parallel
        if not done.exists():
            subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
            pip = [HOME / "bin/python", "-m", "pip", "--disable-pip-version-check", "--quiet"]
            # aiofile is imported by the peer but not declared.
            subprocess.run([*pip, "install", f"iso15118=={VERSION}", "aiofile"], check=True)
            done.touch()
    return HOME / "bin/python"


def package() -> Path:
    """The peer's package, as its environment has it."""
    python()
    (found,) = HOME.glob("lib/python3*/site-packages/iso15118")
    return found


def jar() -> Path:
    """The peer's codec."""
    return package() / "shared/EXICodec.jar"


class Refused(Exception):  # noqa: N818 - the word for it
    """The peer's codec did not like it."""


class Peer:
    """A running Java codec; use as a context manager."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [python(), DRIVER, jar()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "_JAVA_OPTIONS": "-Xmx512m"},
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._process as process:
            if process.stdin is not None:
                process.stdin.close()

    def _ask(self, **question: object) -> Any:
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("not started")
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the peer's codec has died")
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["ok"]

    def encode(self, document: dict[str, Any], namespace: str) -> bytes:
        """By the JSON codec."""
        return bytes.fromhex(self._ask(op="encode", json=json.dumps(document), ns=namespace))

    def decode(self, data: bytes, namespace: str) -> dict[str, Any]:
        """By the JSON codec."""
        return json.loads(self._ask(op="decode", hex=data.hex(), ns=namespace))

    def xml(self, document: str, namespace: str, *, fragment: bool) -> bytes:
        """By EXIficient itself."""
        return bytes.fromhex(self._ask(op="xml", xml=document, ns=namespace, fragment=fragment))

    def time(self, work: list[dict[str, Any]], rounds: int) -> list[tuple[float, float]]:
        """Median milliseconds to encode and to decode, of each of ``work`` (json, hex, ns)."""
        return [tuple(pair) for pair in self._ask(op="time", work=work, rounds=rounds)]

    def memory_mb(self) -> float:
        """Resident megabytes of the Java machine."""
        return float(self._ask(op="memory"))


def xml_of(element: Complex, name: Name) -> str:
    """An element as XML, every name with its namespace."""
    return ET.tostring(_tree(element, name), encoding="unicode")


def _tree(value: object, name: Name) -> ET.Element:
    node = ET.Element(_tag(name))
    if not isinstance(value, Complex):
        node.text = _text(value, hexadecimal=False)
        return node
    for field in type(value).fields:
        held = getattr(value, field.name)
        hexadecimal = "hexBinary" in str(field.content)
        if held is None:
            continue
        if field.role is Role.ATTRIBUTE:
            node.set(_tag(field.qualified), _text(held, hexadecimal=hexadecimal))
        elif field.role is Role.CONTENT:
            node.text = _text(held, hexadecimal=hexadecimal)
        else:
            for item in held if field.many else (held,):
                inner = field.qualified
                if isinstance(type(item), Declaration) and (
                    field.reference or field.role is Role.ALTERNATIVES
                ):
                    declared = type(item).declared
                    inner = Name(str(declared.element), declared.schema.namespace)
                child = _tree(item, inner)
                if isinstance(item, bytes) and hexadecimal:
                    child.text = item.hex().upper()
                node.append(child)
    return node


def _tag(name: Name) -> str:
    return f"{{{name.namespace}}}{name.local}" if name.namespace else name.local


def _text(value: object, *, hexadecimal: bool) -> str:
    if isinstance(value, bytes):
        import base64

        return value.hex().upper() if hexadecimal else base64.b64encode(value).decode()
    return str(value).lower() if isinstance(value, bool) else str(value)
