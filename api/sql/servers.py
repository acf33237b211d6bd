"""A session and the server that it is with: who reads, where the server is in its log, how far the read models are."""

from typing import LiteralString

from roomlog.projection import WANTED_CHANNEL

# As whom a session reads, from now on.
SET_READER = "SELECT set_config('roomlog.user_id', %s, false)"

# The same for one transaction, with all that `api.connections.OPTIONS` sets for a session.
AS_READER = """
SELECT set_config('role', 'roomlog_api', true), set_config('roomlog.user_id', %s, true),
       set_config('TimeZone', 'UTC', true), set_config('statement_timeout', '5000', true),
       set_config('idle_in_transaction_session_timeout', '15000', true)
"""

# Whether this is a session of our own: begun as we asked, by the process that we were told of.
IS_OWN_SESSION = "SELECT current_user = 'roomlog_api' AND pg_backend_pid() = %s AS is_own"

# What a server says of itself. What is inserted into the log, not what is written out of it already: rows of a
# transaction that does not wait for the disk can be seen before.
STANDING = """
SELECT system_identifier AS system, pg_is_in_recovery() AS replays,
       (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END
        - '0/0')::bigint AS position
FROM pg_control_system()
"""

# How far the read model is.

PROJECTED = """
SELECT next FROM projection_offsets WHERE topic = 'chat.events' AND partition = %(partition)s
"""


WANTED: LiteralString = f"NOTIFY {WANTED_CHANNEL}"
USERS_PROJECTED = """
SELECT next FROM projection_offsets WHERE topic = 'user.events' AND partition = %(partition)s
"""
INDEXED = """
SELECT next FROM search_offsets WHERE topic = 'chat.events' AND partition = %(partition)s
"""
