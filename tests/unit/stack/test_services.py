"""What services are told, and what broken starts say."""

import errno
from pathlib import Path

import msgspec
import pytest

from roomlog.settings import Settings
from roomlog.stack import services
from roomlog.stack.errors import explain_os_error, log_tail, start_failure
from roomlog.stack.layout import Layout
from roomlog.stack.services import Addresses

ADDRESSES = Addresses(
    kafka="127.0.0.1:9092",
    postgres="postgresql://x",
    valkey="redis://x",
    registry="http://x",
    ports={"api": 8080, "ingest-2": 8102, "ingest-1": 8101, "kafka": 9092},
)
KEYS = Path("/d/jwt.pem"), Path("/d/jwks.json")


def _environment(name):
    return services.environment(name, ADDRESSES, Layout(Path("/d")), KEYS)


def test_addresses_for_people_and_clients():
    assert ADDRESSES.web == "http://127.0.0.1:8080"
    assert ADDRESSES.ingest == ["ws://127.0.0.1:8101/ws", "ws://127.0.0.1:8102/ws"]


def test_every_variable_is_a_setting():
    known = {f"ROOMLOG_{name.upper()}" for name in Settings.model_fields}
    given = {n for n in _environment("api") if n.startswith("ROOMLOG_")}
    assert given <= known


def test_only_the_api_can_sign_tokens():
    assert "ROOMLOG_JWT_PRIVATE_KEY" in _environment("api")
    assert "ROOMLOG_JWT_PRIVATE_KEY" not in _environment("ingest-1")
    assert _environment("ingest-1")["ROOMLOG_JWKS"] == "/d/jwks.json"


def test_only_who_makes_and_who_uses_secrets_of_webhooks_has_their_keys():
    names = ("api", "webhooks-1", "ingest-1", "projector-1", "notifier-1")
    every = msgspec.structs.replace(ADDRESSES, ports=dict.fromkeys(names, 1))
    have = {
        name
        for name in names
        if "ROOMLOG_SECRET_KEYS" in services.environment(name, every, Layout(Path("/d")), KEYS)
    }
    assert have == {"api", "webhooks-1"}


def test_nodes_have_short_names_and_own_ports():
    env = _environment("ingest-2")
    assert (env["ROOMLOG_NODE"], env["ROOMLOG_PORT"]) == ("n2", "8102")


def test_the_web_client_may_use_its_cookies_under_both_names_of_this_machine():
    origins = _environment("ingest-1")["ROOMLOG_ORIGINS"]
    assert origins == "http://127.0.0.1:8080,http://localhost:8080"


@pytest.mark.parametrize(
    ("last_line", "advice"),
    [
        ("java.io.IOException: No space left on device", "disk is full"),
        ("java.net.BindException: Address already in use", "start again"),
        ("PANIC: could not read pg_control", "--reset"),
    ],
)
def test_a_failed_server_quotes_its_log_and_says_what_to_do(tmp_path, last_line, advice):
    log = tmp_path / "kafka.log"
    log.write_text(f"starting\n{last_line}\n")
    text = str(start_failure("kafka", log, tmp_path / "kafka", is_server=True))
    assert last_line in text
    assert str(log) in text
    assert advice in text


def test_the_end_of_a_log(tmp_path):
    log = tmp_path / "x.log"
    log.write_text("".join(f"{n}\n" for n in range(100)))
    assert log_tail(log, 2) == ["98", "99"]
    assert log_tail(tmp_path / "none.log") == []


@pytest.mark.parametrize(
    ("number", "advice"), [(errno.ENOSPC, "Free some space"), (errno.EACCES, "--data")]
)
def test_system_errors_say_what_to_do(number, advice):
    assert advice in explain_os_error(OSError(number, "x", "/d"))
