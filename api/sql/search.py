# ruff: noqa: S608  # every part of a statement is a constant of this package
"""Search: the rooms that somebody is a member of, how far the index has each, and what is found."""

from api.sql.messages import MESSAGE, with_details

SEARCHED_ROOMS = """
SELECT r.id, r.name, r.kind, r.language, r.message_count, r.partition, coalesce(p.next, 0) AS projected,
       coalesce(s.next, 0) AS indexed
FROM members m JOIN rooms r ON r.id = m.room_id
LEFT JOIN projection_offsets p ON p.topic = 'chat.events' AND p.partition = r.partition
LEFT JOIN search_offsets s ON s.topic = 'chat.events' AND s.partition = r.partition
WHERE m.user_id = %(user_id)s AND r.kind <> 'workspace'
  AND (NOT %(picked)s OR r.workspace_id IS NOT DISTINCT FROM %(workspace_id)s::uuid)
"""

USERS_CALLED = "SELECT id FROM users WHERE name ILIKE %(pattern)s LIMIT 50"

# What is looked for, of a message; its plan is made for the parameters, so what is not asked for costs nothing.
_WANTED = """
(%(words)s::tsquery IS NULL OR m.words @@ %(words)s::tsquery)
AND (%(senders)s::uuid[] IS NULL OR m.sender_id = ANY (%(senders)s::uuid[]))
AND m.sender_id <> ALL (%(not_senders)s::uuid[])
"""

_STARTS = """
unnest(%(rooms)s::uuid[], %(times)s::timestamptz[], %(offsets)s::bigint[])
AS start (room_id, sent_at, "offset")
"""

_RANK = "ts_rank_cd(m.words, %(words)s::tsquery)"

# The newest messages of each room from where to start: those that are wanted, and the last one of each.
SEARCH_NEWEST = f"""
SELECT m.room_id, m.sent_at, m."offset", m.nth, m.is_hit,
       CASE WHEN m.is_hit AND %(ranked)s THEN {_RANK} END AS rank
FROM {_STARTS} CROSS JOIN LATERAL (
    SELECT m.*, {_WANTED} AS is_hit, row_number() OVER (ORDER BY m.sent_at DESC, m."offset" DESC) AS nth
    FROM (
        SELECT * FROM message_search m
        WHERE m.room_id = start.room_id AND m.sent_at >= %(since)s
          AND (m.sent_at, m."offset") < (start.sent_at, start."offset")
        ORDER BY m.sent_at DESC, m."offset" DESC LIMIT %(each)s
    ) m
) m
WHERE m.is_hit OR m.nth = %(each)s
"""

# All that is wanted of rooms, by the index; where to start in each is looked at afterwards, because the planner
# cannot tell how little that leaves, and would read whole rooms instead.
SEARCH_INDEX = f"""
WITH wanted AS MATERIALIZED (
    SELECT m.room_id, m.sent_at, m."offset" FROM message_search m
    WHERE m.room_id = ANY (%(rooms)s::uuid[]) AND {_WANTED} AND m.sent_at >= %(since)s
), found AS (
    SELECT w.* FROM wanted w JOIN {_STARTS} ON start.room_id = w.room_id
    WHERE (w.sent_at, w."offset") < (start.sent_at, start."offset")
    ORDER BY w.sent_at DESC, w.room_id, w."offset" DESC LIMIT %(limit)s
)
SELECT found.*, CASE WHEN %(ranked)s THEN (
    SELECT {_RANK} FROM message_search m
    WHERE (m.room_id, m.sent_at, m."offset") = (found.room_id, found.sent_at, found."offset")
) END AS rank
FROM found
"""

MESSAGES_FOUND = with_details(f"""
    SELECT {MESSAGE} FROM unnest(%(rooms)s::uuid[], %(offsets)s::bigint[]) AS hit (room_id, "offset")
    JOIN messages m ON m.room_id = hit.room_id AND m."offset" = hit."offset"
    WHERE m.text IS NOT NULL
""")
