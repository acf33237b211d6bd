"""Email addresses that are told by others: whether mail can be sent there at all."""

import asyncio
from functools import cache
from typing import Any

from email_validator import EmailNotValidError, caching_resolver, validate_email

from api.problems import Problem
from roomlog.errors import ErrorCode

_DNS_S = 3


async def require_deliverable(email: str) -> None:
    """Raise Problem (422) where the domain of an address is known to take no mail.

    A name server that does not answer in time is no reason to refuse. Answers are kept for as long as the
    domain says.
    """
    try:
        await asyncio.to_thread(validate_email, email, dns_resolver=_resolver())
    except EmailNotValidError as error:
        raise Problem(ErrorCode.BAD_REQUEST, f"email: {error}") from None


@cache
def _resolver() -> Any:
    return caching_resolver(timeout=_DNS_S)
