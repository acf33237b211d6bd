"""What the routes work with, made once for each process."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from api import departures, erasure
from api.files import sweep
from api.files.store import Store, store_of
from api.files.upload import Uploads
from api.ingest import IngestNodes
from api.kafka import UserEvents
from api.limits import Limits
from api.outbox import relay
from api.passwords import Passwords
from api.postgres import Postgres
from api.previews.previews import Previews
from api.schedules import Schedules
from api.schemas import SchemaSource
from api.sessions import Sessions
from api.valkey import Valkey
from roomlog.proxies import Proxies
from roomlog.sealing import Sealing
from roomlog.settings import Settings
from roomlog.tasks import end
from roomlog.tokens import Signer
from schemas.registry import Registry


@dataclass(frozen=True)
class Services:
    """Everything outside, each behind its own file."""

    settings: Settings
    postgres: Postgres
    valkey: Valkey
    signer: Signer
    sessions: Sessions
    passwords: Passwords
    limits: Limits
    proxies: Proxies
    nodes: IngestNodes
    user_events: UserEvents
    schemas: SchemaSource
    schedules: Schedules
    sealing: Sealing
    store: Store
    uploads: Uploads
    previews: Previews
    tasks: set["asyncio.Task[None]"]

    @classmethod
    def from_settings(cls, settings: Settings) -> "Services":
        """Return services that are not connected yet; raises ValueError for settings that cannot work."""
        if settings.jwt_private_key is None:
            raise ValueError(
                "ROOMLOG_JWT_PRIVATE_KEY is not set: the API signs access tokens with that key "
                "(`roomlog up` makes one in its data directory)"
            )
        signer = Signer(settings.jwt_private_key)
        postgres = Postgres.from_settings(settings)
        valkey = Valkey(settings.valkey)
        codecs = Registry(settings.registry, settings.data / "cache").codecs()
        user_events = UserEvents(settings.kafka, codecs.user_events, codecs.chat_signals)
        store = store_of(settings)
        return cls(
            settings=settings,
            postgres=postgres,
            valkey=valkey,
            signer=signer,
            sessions=Sessions(postgres, valkey, signer),
            passwords=Passwords(),
            limits=Limits(valkey, settings.rate_limits == "on"),
            proxies=Proxies(settings.trusted_proxies, settings.proxy_protocol),
            nodes=IngestNodes(valkey, signer, settings.ingest_url),
            user_events=user_events,
            schedules=Schedules(postgres, user_events, settings.epoch),
            sealing=_sealing(settings),
            schemas=SchemaSource(settings.registry),
            store=store,
            uploads=Uploads(store, postgres, user_events, settings),
            previews=Previews(valkey, store, settings),
            tasks=set(),
        )

    async def start(self) -> None:
        """Connect, and start what runs in the background."""
        await self.postgres.open()
        self.nodes.start()
        self.tasks.add(asyncio.create_task(relay(self.postgres, self.user_events, self.valkey)))
        self.tasks.add(asyncio.create_task(departures.relay(self.postgres, self.nodes)))
        erasing = erasure.relay(self.postgres, self.nodes, self.user_events)
        self.tasks.add(asyncio.create_task(erasing))
        self.tasks.add(asyncio.create_task(self.schedules.relay(self.nodes)))
        self.tasks.add(asyncio.create_task(self.sessions.watch()))
        tidying = sweep.run(self.store, self.postgres, self.user_events)
        self.tasks.add(asyncio.create_task(tidying))

    def start_task(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the answer of a request."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def stop(self) -> None:
        """Stop and disconnect."""
        await end(self.tasks)
        await self.nodes.close()
        await self.user_events.close()
        await self.schemas.close()
        await self.valkey.close()
        await self.postgres.close()
        self.passwords.close()
        self.uploads.close()
        self.previews.close()


def _sealing(settings: Settings) -> Sealing:
    try:
        return Sealing(settings.secret_keys)
    except OSError as error:
        raise ValueError(f"ROOMLOG_SECRET_KEYS: {error}") from error


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Use = Annotated[Services, Depends(_services)]
"""The services, as a parameter of a route."""
