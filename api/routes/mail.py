"""Mails about what one has not read: wanted or not, and the link in each that ends them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import answer
from api.bodies import MailChange
from api.guards import Who
from api.models.notifications import MailSettings
from api.openapi import errors
from api.services import Services, Use
from api.sql import push as sql
from api.sql.accounts import ACCOUNT_BY_ID
from api.strict import StrictRoute
from roomlog.ids import is_id

router = APIRouter(prefix="/mail", tags=["mail"], route_class=StrictRoute)
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
}
_ENDED = "You get no more of these mails. In Roomlog you can ask for them again."
_QUESTION = """<form method="post"><p>No more mails about what you have not read?</p>
<button type="submit">No more mails</button></form>"""
Token = Annotated[str, Query(max_length=64, description="the secret of the link")]


@router.get("", response_model=MailSettings, responses=errors(401, 503))
async def get_mail(who: Who, use: Use) -> Response:
    """Return whether one wants mails about what one has not read; at first nobody does."""
    return await _settings(use, who.user_id)


@router.put("", response_model=MailSettings, responses=errors(401, 403, 422, 429, 503))
async def change_mail(body: MailChange, who: Who, use: Use) -> Response:
    """Want mails about what one has not read, or not any more."""
    use.limits.write(who.user_id)
    statement = sql.WANT_DIGEST if body.digest else sql.END_DIGEST
    await use.postgres.run(statement, {"user_id": who.user_id})
    return await _settings(use, who.user_id)


@router.get("/unsubscribe", include_in_schema=False)
async def ask_unsubscribe(token: Token) -> Response:
    """Show a page that asks whether to end the mails: opening a link alone ends nothing."""
    return _page(_QUESTION)


@router.post("/unsubscribe", include_in_schema=False)
async def unsubscribe_mail(token: Token, use: Use) -> Response:
    """End the mails (RFC 8058). The link is proof enough, and it tells nobody whether it was one."""
    if is_id(token):
        await use.postgres.one(sql.END_DIGEST_BY_LINK, {"token": token})
    return _page(f"<p>{_ENDED}</p>")


async def _settings(use: Services, user: str) -> Response:
    account = await use.postgres.one(ACCOUNT_BY_ID, {"id": user})
    wanted = await use.postgres.one(sql.DIGEST, {"user_id": user})
    body = {
        "available": bool(use.settings.smtp_url),
        "address": account and account["email"],
        "digest": wanted is not None,
    }
    return answer(body)


def _page(body: str) -> Response:
    text = f"<!doctype html><meta charset=utf-8><title>Roomlog</title><body style='font-family:sans-serif'>{body}"
    return Response(text, media_type="text/html", headers=_PAGE_HEADERS)
