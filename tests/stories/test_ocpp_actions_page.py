"""docs/ocpp-actions.md says what the tables say, and its commands answer what it shows.

``python -m tests.stories.test_ocpp_actions_page`` writes its table anew after a change.
"""

import json
import re
import tomllib
from pathlib import Path

import pytest

from authz.actions import catalogue
from authz.actions.certificate_status import RESULT_CHARACTERS_MAX
from authz.actions.contract_certificates import DEADLINE_SECONDS, EXI_CHARACTERS_MAX
from authz.api.forwarding import CALLS_MAX, FORWARDED, STATION_HEADER, VERSIONS
from authz.api.problems import status_of
from authz.ocpp.protocol import CallErrorCode, CallRefused, OcppVersion
from authz.settings import RawSettings
from authz.signing_request import KINDS
from tests.shell_page import answers, blocks, shape, typed

FILE = Path(__file__).parents[2] / "docs" / "ocpp-actions.md"
_TABLE = re.compile(r"(<!-- actions -->\n)(.*?)(<!-- /actions -->)", re.DOTALL)


def rewritten(page):
    return _TABLE.sub(lambda found: found[1] + catalogue.printed() + found[3], page)


def test_the_table_of_actions_is_the_catalogues():
    page = FILE.read_text()
    assert page == rewritten(page)
    assert page.count("| `Authorize` |") == 2


@pytest.mark.needs("curl", "jq")
@pytest.mark.slow
def test_the_pages_commands_answer_what_the_page_shows(tmp_path):
    page = FILE.read_text()
    sessions = [typed(session) for session in blocks(page, "sh-session")]
    commands = [command for session, _ in sessions for command in session]
    printed = [answer for _, answers in sessions for answer in answers]
    told = answers(tmp_path, blocks(page, "sh")[0], commands)
    shown = [json.loads(blocks(page, "json")[0]), *printed]
    assert [shape(answer) for answer in told] == [shape(answer) for answer in shown]


def test_statuses_of_problems_are_printed_as_they_are():
    rows = re.findall(
        r"^\| (`[A-Z]\w+`(?:, `\w+`)*) \| (\d{3}) \|$", FILE.read_text(), re.MULTILINE
    )
    printed = {word: int(status) for words, status in rows for word in re.findall(r"\w+", words)}
    for word, status in printed.items():
        assert status_of(CallRefused(CallErrorCode(word))) == status
    assert len(printed) == 8


def test_every_forwarded_action_limit_and_kind_is_named():
    page = FILE.read_text()
    for word in (*FORWARDED, *VERSIONS, STATION_HEADER, catalogue.VENDOR_ID, *KINDS):
        assert f"`{word}`" in page, word
    assert f"up to {CALLS_MAX} messages" in page
    assert f"within {DEADLINE_SECONDS} seconds" in page
    for limits in (EXI_CHARACTERS_MAX, RESULT_CHARACTERS_MAX):
        older, newer = limits[OcppVersion.V201], limits[OcppVersion.V21]
        assert re.search(rf"{older:,}( characters)? in\s2\.0\.1 and {newer:,} in 2\.1", page)


def test_the_settings_example_is_read_as_settings():
    (example,) = blocks(FILE.read_text(), "toml")
    raw = RawSettings.model_validate(tomllib.loads(example))
    assert raw.contract_service is not None
    assert raw.station_operators[0].names == ("Demo Charging GmbH",)
    assert raw.secc_names[0].names == ("DE*ICE*E45B*78C",)


if __name__ == "__main__":
    FILE.write_text(rewritten(FILE.read_text()))
