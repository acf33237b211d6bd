"""Every error code has a status and a title, and says whether it helps to try again."""

import msgspec
import pytest

from api.problems import STATUS, TITLES, Problem, from_refusal, unavailable
from roomlog.errors import ErrorCode, Refused


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_code_is_told(code: ErrorCode) -> None:
    response = Problem(code, "why").response()
    body = msgspec.json.decode(response.body)
    assert response.status_code == body["status"] == STATUS[code]
    assert body["title"] == TITLES[code]
    assert response.media_type == "application/problem+json"


def test_waiting_is_told_in_whole_seconds() -> None:
    assert unavailable("it").response().headers["Retry-After"] == "1"
    refused = from_refusal(Refused(ErrorCode.RATE_LIMITED, "slow down", 2400))
    assert refused.response().headers["Retry-After"] == "2"
    assert refused.body()["retryable"] is True


def test_a_missing_sign_in_names_the_scheme() -> None:
    assert (
        Problem(ErrorCode.UNAUTHENTICATED, "why").response().headers["WWW-Authenticate"] == "Bearer"
    )
