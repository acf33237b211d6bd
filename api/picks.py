"""Which workspace a request is about: the header `Roomlog-Workspace`, or the name of the host it was sent to."""

import re
from typing import Annotated, NamedTuple

from fastapi import Depends, Header, Request

from api.services import Use
from roomlog.ids import is_id, workspace_id

DEFAULT = "default"
"""Names the workspace that everybody is in."""
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


class Pick(NamedTuple):
    """A workspace that was picked; `workspace` is None for the one that everybody is in."""

    is_made: bool
    workspace: str | None

    def has(self, workspace: str | None) -> bool:
        """Tell whether a room of a workspace is within what was picked."""
        return not self.is_made or workspace == self.workspace


EVERYWHERE = Pick(False, None)
"""Nothing was picked: all that the user may see."""


def pick_of(name: str) -> Pick:
    """Return what an id, a slug or `default` picks; of what cannot be one, a workspace that is not there."""
    if name == DEFAULT:
        return Pick(True, None)
    return Pick(True, name if is_id(name) else workspace_id(name))


def pick_of_host(host: str, domain: str) -> Pick:
    """Return what a host picks: `acme.chat.example.org` the workspace acme where the domain is the rest."""
    label, _, rest = host.partition(":")[0].lower().partition(".")
    is_one = domain != "" and rest == domain.lower() and _SLUG.fullmatch(label) is not None
    return pick_of(label) if is_one else EVERYWHERE


async def picked(
    request: Request,
    use: Use,
    roomlog_workspace: Annotated[
        str | None,
        Header(
            alias="Roomlog-Workspace",
            min_length=1,
            max_length=40,
            description="only this workspace: its id or slug, or `default` for the one that everybody is in",
            examples=["acme"],
        ),
    ] = None,
) -> Pick:
    """Return which workspace a request is about."""
    if roomlog_workspace is not None:
        return pick_of(roomlog_workspace)
    return pick_of_host(request.headers.get("host", ""), use.settings.workspace_domain)


Picked = Annotated[Pick, Depends(picked)]
"""Which workspace a request is about, as a parameter of a route."""
