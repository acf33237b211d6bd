"""People who left a workspace leave its rooms: by an event in each, however often it takes.

The projector notes who left, in the transaction that ends the membership. Each of their rooms is left over the
one write path; the note goes when none is left and so much time has passed that no node still decides by what
it knew before. Whoever dies when, somebody goes on, and leaving twice changes nothing.
"""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import psycopg

from api.ingest import IngestNodes
from api.postgres import Postgres, Row
from api.problems import Problem
from api.sql import workspaces as sql
from roomlog.ids import derived_id

SETTLED = timedelta(seconds=20)
_LIMIT = 200
_POLL_S = 5.0
_log = logging.getLogger(__name__)


async def relay(postgres: Postgres, nodes: IngestNodes) -> None:
    """Take people out of the rooms of the workspaces that they left, for ever."""
    while True:
        try:
            async with postgres.transaction() as connection:
                locked = await (await connection.execute(sql.LOCK_DEPARTURES)).fetchone()
                if locked and locked["pg_try_advisory_xact_lock"]:
                    params = {"settled": SETTLED, "limit": _LIMIT}
                    rows = await (await connection.execute(sql.DEPARTURES, params)).fetchall()
                    await asyncio.gather(*(_depart(postgres, nodes, row) for row in rows))
        except (Problem, psycopg.Error) as error:
            _log.warning("departures wait: %s: %s", type(error).__name__, error)
        await asyncio.sleep(_POLL_S)


async def _depart(postgres: Postgres, nodes: IngestNodes, row: Row) -> None:
    try:
        left = await leave_rooms(postgres, nodes, row["workspace_id"], row["user_id"])
        if not left and row["is_settled"]:
            await postgres.run(sql.END_DEPARTURE, row)
    except Problem as problem:  # of one person; the others go on
        _log.warning("%s still has rooms of a workspace: %s", row["user_id"], problem.detail)


async def leave_rooms(postgres: Postgres, nodes: IngestNodes, workspace: str, user: str) -> int:
    """Let somebody who is not in a workspace leave its rooms; return how many. Raises Problem, after all were tried.

    The event says that the person left, and that the API wrote it (`via`): their rooms have no say in it.
    """
    params = {"workspace_id": workspace, "user_id": user}
    rooms = [row["id"] for row in await postgres.all(sql.ROOMS_TO_LEAVE, params)]
    now = datetime.now(UTC)
    key = derived_id("departure", workspace, user, now.isoformat())
    failed: Problem | None = None
    for room in rooms:
        command = {"op": "leave", "room": room, "key": key, "at": now.isoformat()}
        try:
            await nodes.command(user, command)
        except Problem as problem:
            failed = problem
    if failed is not None:
        raise failed
    return len(rooms)
