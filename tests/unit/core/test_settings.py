"""What is told of settings that make no sense."""

import pytest

from roomlog.commands.settings import settings as list_settings
from roomlog.settings import from_environment, unknown_variables


def test_a_value_that_makes_no_sense_is_named_with_its_variable(monkeypatch):
    monkeypatch.setenv("ROOMLOG_EPOCH", "x")
    monkeypatch.setenv("ROOMLOG_RATE_LIMITS", "maybe")
    with pytest.raises(SystemExit) as told:
        from_environment()
    lines = str(told.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["ROOMLOG_EPOCH", "ROOMLOG_RATE_LIMITS"]
    assert "valid integer" in lines[0]
    assert "'on' or 'off'" in lines[1]


def test_a_misspelt_variable_is_told_of_and_the_others_count(monkeypatch, capsys):
    monkeypatch.setenv("ROOMLOG_KAFAK", "10.0.0.1:9092")
    monkeypatch.setenv("ROOMLOG_EPOCH", "3")
    assert from_environment().epoch == 3
    assert "ROOMLOG_KAFAK is no setting and is ignored; did you mean ROOMLOG_KAFKA?" in (
        capsys.readouterr().err
    )


def test_what_single_commands_read_is_no_mistake():
    assert unknown_variables(["ROOMLOG_PASSWORD", "ROOMLOG_CACHE", "HOME"]) == []


def test_the_list_has_the_values_in_force_and_no_password(monkeypatch, capsys):
    monkeypatch.setenv("ROOMLOG_POSTGRES", "postgresql://me:secret@db/roomlog")
    list_settings()
    shown = " ".join(capsys.readouterr().out.split())
    assert "postgresql://me:***@db/roomlog postgresql://roomlog@127.0.0.1:5432/roomlog" in shown
    assert "secret" not in shown
