"""What ingest nodes tell of themselves."""

from urllib.parse import urlsplit
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

_TIMEOUT_S = 5.0


def sample(url: str, name: str, **labels: str) -> float:
    """Return a metric of the node with this WebSocket address, summed over what has these labels.

    0 where the node does not answer, as when it is being restarted.
    """
    address = urlsplit(url)
    scheme = "https" if address.scheme == "wss" else "http"
    try:
        with urlopen(f"{scheme}://{address.netloc}/metrics", timeout=_TIMEOUT_S) as answer:  # noqa: S310
            text = answer.read().decode()
    except OSError:
        return 0.0
    return sum(
        one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.name == name and labels.items() <= one.labels.items()
    )
