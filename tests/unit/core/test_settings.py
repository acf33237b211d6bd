"""What is told of settings that make no sense."""

import os

import pytest

from roomlog.commands.settings import settings as list_settings
from roomlog.settings import from_environment, unknown_variables
from roomlog.stack.spec import external_servers


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


def test_a_value_may_be_in_a_file(monkeypatch, tmp_path, capsys):
    (tmp_path / "pool").write_text("3\n")
    (tmp_path / "dsn").write_text("postgresql://me:hush-hush@db/roomlog\n")
    monkeypatch.setenv("ROOMLOG_DATABASE_POOL_FILE", str(tmp_path / "pool"))
    monkeypatch.setenv("ROOMLOG_POSTGRES_FILE", str(tmp_path / "dsn"))
    found = from_environment()
    assert (found.database_pool, found.postgres) == (3, "postgresql://me:hush-hush@db/roomlog")
    list_settings()
    told = capsys.readouterr()
    assert "hush" not in told.out
    assert "me:***@db" in told.out
    assert told.err == ""
    assert external_servers(os.environ) == {"postgres": "postgresql://me:hush-hush@db/roomlog"}
    monkeypatch.setenv("ROOMLOG_DATABASE_POOL", "4")  # the variable itself wins
    assert from_environment().database_pool == 4


def test_a_file_that_cannot_be_read_or_makes_no_sense_ends_it(monkeypatch, tmp_path):
    monkeypatch.setenv("ROOMLOG_EPOCH_FILE", str(tmp_path / "gone"))
    with pytest.raises(SystemExit, match=r"ROOMLOG_EPOCH_FILE names .*gone.*No such file"):
        from_environment()
    (tmp_path / "gone").write_bytes(b"\xff")
    with pytest.raises(SystemExit, match="not UTF-8"):
        from_environment()
    (tmp_path / "gone").write_text("x")
    with pytest.raises(SystemExit, match=r"ROOMLOG_EPOCH: .*valid integer"):
        from_environment()


def test_networks_are_checked_at_the_start(monkeypatch):
    monkeypatch.setenv("ROOMLOG_TRUSTED_PROXIES", "10.0.0.0/8, balancer")
    monkeypatch.setenv("ROOMLOG_PROXY_PROTOCOL", "10.0.0.1/8")
    with pytest.raises(SystemExit) as told:
        from_environment()
    lines = str(told.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "ROOMLOG_TRUSTED_PROXIES",
        "ROOMLOG_PROXY_PROTOCOL",
    ]


def test_the_list_has_the_values_in_force_and_no_password(monkeypatch, capsys):
    monkeypatch.setenv("ROOMLOG_POSTGRES", "postgresql://me:hush-hush@db/roomlog")
    list_settings()
    shown = " ".join(capsys.readouterr().out.split())
    assert "postgresql://me:***@db/roomlog postgresql://roomlog@127.0.0.1:5432/roomlog" in shown
    assert "hush" not in shown
