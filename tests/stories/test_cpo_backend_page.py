"""The first steps of docs/cpo-backend.md, done by bash, curl and jq as a reader would."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.needs("curl", "jq"), pytest.mark.slow]
PAGE = (Path(__file__).parents[2] / "docs/cpo-backend.md").read_text()


def block(language):
    """The page's first block in a language."""
    return re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def typed(session):
    """The commands of a session, and what it shows them to print."""
    commands, printed = [], []
    for line in session.splitlines():
        if line.startswith("$ "):
            commands.append(line[2:])
        elif line.startswith("    "):
            commands[-1] += "\n" + line
        else:
            printed.append(json.loads(line))
    return commands, printed


def shape(value):
    """What stays the same from run to run: keys, statuses and codes, no ids, times or digests."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z][A-Za-z_.]*", value):
        return "…"
    return "…" if isinstance(value, int) else value


def test_the_pages_first_steps_answer_what_the_page_shows(tmp_path):
    commands, printed = typed(block("sh-session"))
    authz, pki = free_port(), free_port()
    first = block("sh").replace(
        "plugward serve --home world &",
        f"plugward serve --home world --authz-port {authz} --pki-port {pki} 2> serve.log & S=$!",
    )
    # the world says where its PKI answers, so it is grown for this test's port
    first = first.replace("init world --contracts 1", f"init world --contracts 1 {at(pki)}")
    script = "\n".join([first, "echo", *commands, "kill $S; wait $S || true"])
    done = subprocess.run(
        ["bash", "-eu", "-c", script.replace("127.0.0.1:8080", f"127.0.0.1:{authz}")],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    whole, *rest = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    shown = json.loads(block("json"))
    whole["evidence"] = whole["evidence"][:1]  # the page cuts the other two
    assert shape(whole) == shape(shown)
    assert [shape(answer) for answer in rest] == [shape(answer) for answer in printed]


def at(port):
    return f"--pki-url http://127.0.0.1:{port}"
