"""docs/capacity.md has the tables that `roomlog plan` prints, and names every key of its JSON."""

import json

from bench import capacity
from tests.unit.capacity.test_plan_command import run


def test_the_page_has_what_the_commands_print():
    text = capacity.PAGE.read_text()
    assert text.count("<!-- roomlog plan ") == text.count("<!-- end -->") == 3
    assert capacity.page(text) == text, "run `python -m bench.capacity --page`"


def test_the_page_names_every_part_of_the_json():
    text = capacity.PAGE.read_text()
    for key in json.loads(run("--users", "1000", "--rate", "10", "--json").stdout):
        assert f"`{key}`" in text
