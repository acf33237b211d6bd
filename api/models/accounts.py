"""Answers about accounts, sessions, and where to connect."""

from pydantic import BaseModel, Field

from api.models.examples import TIME, USER


class Me(BaseModel):
    """One's own account."""

    id: str = Field(examples=[USER])
    name: str = Field(examples=["Ada"])
    email: str | None = Field(examples=["ada@example.org"])


class SignedInAnswer(BaseModel):
    """A session began or goes on; the same token is in the cookie `roomlog_access`."""

    access_token: str = Field(examples=["eyJhbGciOiJFZERTQSIs..."])
    user: Me


class User(BaseModel):
    """A person as others see them, or the bot of a hook."""

    id: str = Field(examples=[USER])
    name: str = Field(examples=["Ada"])
    bot: bool = Field(False, description="other systems post as it, by a hook")


class Users(BaseModel):
    """People."""

    items: list[User]


class SessionAnswer(BaseModel):
    """A place where one is signed in."""

    id: str
    created_at: str = Field(examples=[TIME])
    last_used_at: str = Field(examples=[TIME])
    user_agent: str
    address: str | None
    current: bool


class SessionList(BaseModel):
    """Every place where one is signed in."""

    items: list[SessionAnswer]


class BridgedUsersAnswer(BaseModel):
    """The ids of the accounts that stand for these people."""

    users: dict[str, str] = Field(examples=[{"ada": USER}])


class IngestNode(BaseModel):
    """A WebSocket address."""

    name: str = Field(examples=["n1"])
    url: str = Field(examples=["ws://127.0.0.1:8101/ws"])


class IngestNodeList(BaseModel):
    """WebSocket addresses to try."""

    nodes: list[IngestNode]
