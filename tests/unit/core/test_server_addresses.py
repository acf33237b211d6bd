"""Where Valkey and the schema registry are: what is refused when a service starts, without telling passwords."""

import httpx
import pytest

from roomlog import registry, valkey
from roomlog.commands.settings import settings as list_settings
from roomlog.registry import Address, BadRegistry
from roomlog.settings import from_environment
from roomlog.tls import BadCertificate
from roomlog.valkey import BadValkey


@pytest.mark.parametrize(
    "address",
    [
        "redis://a:1/0",
        "redis://:p@a",
        "rediss://u:p@a:1/0",
        "redis://a:1?db=2&health_check_interval=5",
        "rediss://a:1?ssl_check_hostname=true",
    ],
)
def test_addresses_of_valkey(address):
    valkey.require_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a:1",
        "http://a:1",
        "redis://u:hidden@a:1?ssl_ca_certs=/x.pem",
        "rediss://u:hidden@a:1?ca=/x.pem",
        "rediss://u:hidden@a:1?db=first",
    ],
)
def test_what_is_no_address_of_valkey(address):
    with pytest.raises(BadValkey) as refused:
        valkey.require_address(address)
    assert "hidden" not in str(refused.value)


def test_an_address_of_a_registry_is_taken_apart():
    found = registry.parse("https://me:p%40ss@r.example:8443/apis/ccompat/v7/?ca=/x.pem")
    assert found == Address("https://r.example:8443/apis/ccompat/v7", "me", "p@ss", "/x.pem")
    assert registry.client_options("http://r:1/v7/") == {
        "base_url": "http://r:1/v7",
        "verify": False,
    }
    options = registry.client_options("https://me:p@r/v7")
    assert options["auth"] == ("me", "p")
    assert options["verify"].check_hostname


@pytest.mark.parametrize(
    "address", ["", "r:1", "ftp://r", "https://", "https://u:hidden@r?tls=no", "http://r?ca=/x"]
)
def test_what_is_no_address_of_a_registry(address):
    with pytest.raises(BadRegistry) as refused:
        registry.parse(address)
    assert "hidden" not in str(refused.value)


def test_a_registry_that_refuses_us_is_told_of_without_the_password():
    address = "https://me:hidden@r/v7"
    request = httpx.Request("GET", "https://me:hidden@r/v7/subjects")
    error = httpx.HTTPStatusError("401", request=request, response=httpx.Response(401))
    told = registry.complaint(address, error)
    assert (
        told
        == "schema registry https://r/v7 refuses the user 'me' and its password (ROOMLOG_REGISTRY)"
    )


def test_the_settings_check_all_of_them_and_their_files(monkeypatch):
    monkeypatch.setenv("ROOMLOG_KAFKA", "kafkas://u:hidden@a:1?ca=/nowhere.pem")
    monkeypatch.setenv("ROOMLOG_VALKEY", "rediss://u:hidden@a:1?ssl_ca_certs=/nowhere.pem")
    monkeypatch.setenv("ROOMLOG_REGISTRY", "https://u:hidden@a:1?ca=/nowhere.pem")
    with pytest.raises(SystemExit) as told:
        from_environment()
    lines = str(told.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "ROOMLOG_KAFKA",
        "ROOMLOG_VALKEY",
        "ROOMLOG_REGISTRY",
    ]
    assert all("/nowhere.pem has no certificates of authorities" in line for line in lines)
    assert "hidden" not in str(told.value)
    with pytest.raises(BadCertificate):
        valkey.require_address("rediss://a:1?ssl_certfile=/nowhere.pem")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KAFKA", "kafkas://me:hidden@a:1,b:1?mechanism=SCRAM-SHA-256"),
        ("POSTGRES", "host=a user=me password=hidden dbname=d"),
        ("POSTGRES", r"host=a password = 'it\'s hidden' dbname=d"),
        ("POSTGRES", "postgresql://a/d?password=hidden&sslmode=verify-full"),
        ("VALKEY", "rediss://me:hidden@a:1/0"),
        ("REGISTRY", "https://me:hidden@a:1/v7"),
    ],
)
def test_no_password_is_listed(monkeypatch, capsys, variable, value):
    monkeypatch.setenv(f"ROOMLOG_{variable}", value)
    list_settings()
    told = capsys.readouterr().out
    assert "***" in told
    assert "hidden" not in told
