"""docs/ocpp.md: its first steps done by bash, curl and a station of a few lines; its limits."""

import json
import re
from pathlib import Path

import pytest

from authz.ocpp import session
from authz.ocpp.protocol import CallErrorCode, OcppVersion, spelled
from authz.stations import entrance, link
from plugward import connections, serve, tls
from tests.shell_page import answers, blocks, shape

PAGE = (Path(__file__).parents[2] / "docs/ocpp.md").read_text()


@pytest.mark.needs("curl", "jq")
@pytest.mark.slow
def test_the_pages_first_steps_answer_what_the_page_shows(tmp_path):
    lines = blocks(PAGE, "sh-session")[0].splitlines()
    commands = [line[2:] for line in lines if line.startswith("$ ")]
    shown = [json.loads(line) for line in lines if not line.startswith("$ ")]
    told = answers(tmp_path, blocks(PAGE, "sh")[0], commands)
    assert [shape(answer) for answer in told] == [shape(answer) for answer in shown]
    # what the shapes leave out
    assert [answer[0] for answer in told[1:]] == [3, 3, 4]
    assert told[2][2]["certificateStatus"] == "Accepted"
    assert told[3][2:4] == shown[3][2:4]


def test_every_error_code_is_explained():
    for code in CallErrorCode:
        if code in {CallErrorCode.PROTOCOL_ERROR, CallErrorCode.SECURITY_ERROR}:
            continue  # of 1.6 alone, and never sent
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{code.value}`"))
        old = spelled(code, OcppVersion.V16)
        if old != code.value and code is not CallErrorCode.MESSAGE_TYPE_NOT_SUPPORTED:
            assert f"(`{old}`)" in row


@pytest.mark.parametrize(
    "told",
    [
        f"| one message | {session.FRAME_OCTETS_MAX:,} octets",
        f"| {link.FRAMES_PER_SECOND:.0f} a second beyond the first {link.FRAMES_AT_ONCE:,.0f};",
        f"| our calls that wait for one station | {session.ASKS_WAITING_MAX} |",
        f"more than {session.CALLS_WAITING_MAX} calls wait",
        f"the last {session.ANSWERS_KEPT_MAX} answers",
        f"{session.ANSWER_KEPT_SECONDS:.0f} seconds",
        f"{session.BROKEN_IN_A_ROW_MAX + 1} messages in a row",
        f"| every {serve.PING_SECONDS:.0f} seconds, answered within {serve.PING_SECONDS:.0f} |",
        (
            f"| {connections.HEAD_SECONDS_MAX:.0f}, {connections.BODY_SECONDS_MAX:.0f},"
            f" {connections.TAKING_SECONDS_MAX:.0f} and {tls.HANDSHAKE_SECONDS_MAX:.0f} seconds"
        ),
        f"| connections | {serve.CONNECTIONS_MAX:,}",
        (
            f"a head of more than {connections.HEAD_OCTETS_MAX:,} octets"
            f" or {connections.HEADERS_MAX} headers"
        ),
        (
            f"{entrance.GUESSES_MAX} failures in a minute for one identity from one address,"
            f" or {entrance.ADDRESS_FAILURES_MAX} from one address"
        ),
    ],
)
def test_limits_are_the_code_s(told):
    assert told in PAGE
    assert session.FRAME_OCTETS_MAX == serve.MESSAGE_OCTETS_MAX


@pytest.mark.parametrize("close", [link.GOING_AWAY, link.REPLACED, session.POLICY_VIOLATION])
def test_close_codes_are_named(close):
    assert re.search(rf"^\| {close} \| ", PAGE, re.MULTILINE)
