"""Answers about workspaces, the people in them, and invites."""

from pydantic import BaseModel, Field

from api.bodies import WorkspaceRole
from api.models.accounts import User
from api.models.examples import CURSOR, EVENT, INVITE, TIME, USER, WORKSPACE


class Workspace(BaseModel):
    """A workspace that one is in."""

    id: str = Field(examples=[WORKSPACE])
    name: str = Field(examples=["Acme"])
    slug: str = Field(examples=["acme"], description="its name in addresses")
    members: int = Field(description="how many")
    role: WorkspaceRole
    created_at: str = Field(examples=[TIME])
    last_cursor: str = Field(examples=[CURSOR])


class WorkspaceList(BaseModel):
    """Every workspace that one is in, besides the one that everybody is in."""

    items: list[Workspace]


class StoredWorkspace(BaseModel):
    """A workspace was made or changed, or one came into it, at `cursor`."""

    id: str = Field(examples=[WORKSPACE])
    event: str | None = Field(examples=[EVENT], description="null where nothing had to change")
    cursor: str | None = Field(examples=[CURSOR])


class Colleague(BaseModel):
    """Somebody in a workspace."""

    user: str = Field(examples=[USER])
    role: WorkspaceRole
    joined_at: str = Field(examples=[TIME])


class ColleagueList(BaseModel):
    """A page of the people in a workspace; `next` is the `after` of the next page."""

    items: list[Colleague]
    users: dict[str, User]
    next: str | None
    cursor: str = Field(examples=[CURSOR])


class Invite(BaseModel):
    """An invite that is open."""

    id: str = Field(examples=[INVITE])
    role: WorkspaceRole
    email: str | None = Field(
        examples=["ada@example.org"], description="only the account with this address may accept it"
    )
    created_by: str = Field(examples=[USER])
    created_at: str = Field(examples=[TIME])
    expires_at: str = Field(examples=[TIME])


class InviteList(BaseModel):
    """The open invites of a workspace."""

    items: list[Invite]


class MadeInvite(BaseModel):
    """An invite was made; its token is shown this once."""

    id: str = Field(examples=[INVITE])
    token: str = Field(examples=["XQ4bfC9Ki22cPhorPE1eRA.hJw6C1lUu0Gx2rMZf0yYqg"])
    path: str = Field(
        examples=["/#/invite/XQ4bfC9Ki22cPhorPE1eRA.hJw6C1lUu0Gx2rMZf0yYqg"],
        description="where the web client accepts it; Roomlog sends no mail: pass the link on",
    )
    role: WorkspaceRole
    email: str | None = Field(examples=["ada@example.org"])
    expires_at: str = Field(examples=[TIME])
    cursor: str | None = Field(examples=[CURSOR])


class InvitePreview(BaseModel):
    """Where an invite leads."""

    workspace: str = Field(examples=[WORKSPACE])
    name: str = Field(examples=["Acme"])
    slug: str = Field(examples=["acme"])
    role: WorkspaceRole
    expires_at: str = Field(examples=[TIME])
