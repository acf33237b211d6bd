"""Asks the service of this container whether it is ready: exit code 0 if it is. Imports little, as it is run often."""

import http.client
import os
import sys


def main() -> int:
    """Return 0 where /readyz answers 200, and 1 where it says something else or nothing."""
    port = os.environ.get("ROOMLOG_METRICS_PORT") or os.environ["ROOMLOG_PORT"]
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=3)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        if answer.status == http.client.OK:
            return 0
        sys.stderr.write(f"{answer.status} {answer.read(2_000).decode('utf-8', 'replace')}\n")
    except OSError as error:
        sys.stderr.write(f"/readyz on port {port} does not answer: {error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
