"""A page's shell commands, run by bash as a reader would, and what the page shows them to print."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def blocks(page, language):
    """A page's blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


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


def answers(place, first, commands):
    """The JSON lines that a served world's commands print; the server ends with them."""
    authz, pki = free_port(), free_port()
    first = first.replace(
        "plugward serve --home world &",
        f"plugward serve --home world --authz-port {authz} --pki-port {pki} 2> serve.log & S=$!",
    )
    # the world says where its PKI answers, so it is grown for this run's port
    at = f"--pki-url http://127.0.0.1:{pki}"
    first = first.replace("init world --contracts 1", f"init world --contracts 1 {at}")
    script = "\n".join([first, "echo", *commands, "kill $S; wait $S || true"])
    done = subprocess.run(
        ["bash", "-eu", "-c", script.replace("127.0.0.1:8080", f"127.0.0.1:{authz}")],
        cwd=place,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
