"""The first steps of docs/cpo-backend.md, done by bash, curl and jq as a reader would."""

import json
from pathlib import Path

import pytest

from tests.shell_page import answers, blocks, shape, typed

pytestmark = [pytest.mark.needs("curl", "jq"), pytest.mark.slow]
PAGE = (Path(__file__).parents[2] / "docs/cpo-backend.md").read_text()


def test_the_pages_first_steps_answer_what_the_page_shows(tmp_path):
    commands, printed = typed(blocks(PAGE, "sh-session")[0])
    whole, *rest = answers(tmp_path, blocks(PAGE, "sh")[0], commands)
    shown = json.loads(blocks(PAGE, "json")[0])
    whole["evidence"] = whole["evidence"][:1]  # the page cuts the other two
    assert shape(whole) == shape(shown)
    assert [shape(answer) for answer in rest] == [shape(answer) for answer in printed]
