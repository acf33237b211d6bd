"""What every tier of tests shares: one real stack for the whole run."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

IRC = Path(__file__).resolve().parents[2] / "shared" / "data" / "irc"

settings.register_profile("long", max_examples=2_000, derandomize=False)


def pytest_collection_modifyitems(items):
    """What reads all of the log comes first: at the end of a run that takes it minutes longer."""
    items.sort(key=lambda item: item.get_closest_marker("whole_log") is None)


@pytest.fixture(scope="session")
def collector():
    """Where the services of the stack send their traces: of one message in a thousand, as by default."""
    from tests.collector import Collector

    with Collector() as running:
        yield running


@pytest.fixture(scope="session")
def stack(tmp_path_factory, collector):
    """The whole platform on real servers, from the same code as `make up`; two ingest nodes."""
    from roomlog.stack import Stack

    os.environ.setdefault("ROOMLOG_EMAIL_DELIVERABILITY", "off")  # tests ask no name servers
    # Webhooks go to receivers on this machine, and retries come soon.
    os.environ.setdefault("ROOMLOG_OUTBOUND_HTTP", "on")
    os.environ.setdefault("ROOMLOG_OUTBOUND_NETWORKS", "127.0.0.1/32")
    os.environ.setdefault("ROOMLOG_WEBHOOK_RETRY_S", "0.02")
    os.environ.setdefault("ROOMLOG_FILE_BYTES", "3000000")
    os.environ.setdefault("ROOMLOG_FILE_QUOTA_BYTES", "7000000")
    os.environ.setdefault("ROOMLOG_LINK_PREVIEW_EXCEPTIONS", "127.0.0.77/32")
    os.environ.setdefault("ROOMLOG_PUSH_HOSTS", "http://127.0.0.1")  # the tests' own push service
    os.environ.setdefault("ROOMLOG_TRACES_URL", collector.url)
    # Load balancers of the tests come from addresses of their own; everybody else is a stranger.
    os.environ.setdefault("ROOMLOG_PROXY_PROTOCOL", "127.0.0.2/32")
    os.environ.setdefault("ROOMLOG_TRUSTED_PROXIES", "127.0.0.3/32")
    with Stack(data=tmp_path_factory.mktemp("stack"), nodes=2) as running:
        yield running


@pytest.fixture(scope="session")
def irc():
    """The directory of real chat logs, where the checkout has one beside it."""
    if not IRC.is_dir():
        pytest.skip(f"no chat logs at {os.fspath(IRC)}")
    return IRC
