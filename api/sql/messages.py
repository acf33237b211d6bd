# ruff: noqa: S608  # every part of a statement is a constant of this package
"""Messages, threads, former texts and pins."""

from typing import LiteralString

MESSAGE = """
m.event_id, m.room_id, m."offset", m.sender_id, m.sent_at, m.text, m.sealed, m.reply_to, m.mentions,
m.attachments, m.edited_at, m.deleted_at
"""


def with_details(page: LiteralString) -> LiteralString:
    """Return the statement that gives the messages which `page` selects, with all that is shown of them."""
    return f"""
WITH RECURSIVE page AS ({page}),
up AS (
    SELECT room_id, event_id AS start, event_id AS root, reply_to AS next, 0 AS depth FROM page
    UNION ALL
    SELECT up.room_id, up.start, m.event_id, m.reply_to, up.depth + 1
    FROM up JOIN messages m ON m.event_id = up.next AND m.room_id = up.room_id
    WHERE up.depth < 64
)
SELECT page.*, a.name AS sender_name, a.is_bot AS sender_is_bot,
       answers.count AS answers, answers.last AS last_answer, said.reactions, top.root
FROM page
JOIN (SELECT DISTINCT ON (start) start, root FROM up ORDER BY start, depth DESC) top
     ON top.start = page.event_id
LEFT JOIN accounts a ON a.id = page.sender_id
LEFT JOIN LATERAL (
    SELECT count(*) AS count, max(m."offset") AS last
    FROM messages m WHERE m.room_id = page.room_id AND m.reply_to = page.event_id
) answers ON true
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(r.emoji, r.user_id) ORDER BY r.reacted_at, r.user_id) AS reactions
    FROM reactions r WHERE r.room_id = page.room_id AND r.event_id = page.event_id
) said ON true
ORDER BY page."offset"
"""


def _page(
    condition: LiteralString, order: LiteralString = "ASC", skip: LiteralString = ""
) -> LiteralString:
    return with_details(
        f'SELECT {MESSAGE} FROM messages m WHERE m.room_id = %(room_id)s AND m."offset" >= %(since)s {condition}'
        f' ORDER BY m."offset" {order} LIMIT %(limit)s {skip}'
    )


MESSAGES_BEFORE = _page('AND m."offset" < %(offset)s', "DESC")
MESSAGES_AFTER = _page('AND m."offset" > %(offset)s')
# From the last marked message before the page on.
MESSAGES_NUMBERED = _page(
    'AND m."offset" <= %(last)s AND m."offset" > coalesce('
    '(SELECT k."offset" FROM message_marks k WHERE k.room_id = %(room_id)s AND k.number = %(mark)s), -1)',
    "ASC",
    "OFFSET %(skip)s",
)
ONE_MESSAGE = _page("AND m.event_id = %(event_id)s")

OFFSET_AT = """
SELECT "offset" FROM messages
WHERE room_id = %(room_id)s AND sent_at >= %(at)s AND "offset" >= %(since)s
ORDER BY sent_at, "offset" LIMIT 1
"""

ROOM_OF_MESSAGE = "SELECT room_id FROM messages WHERE event_id = %(event_id)s LIMIT 1"

ROOT_OF_MESSAGE = """
WITH RECURSIVE up AS (
    SELECT event_id, reply_to, 0 AS depth FROM messages
    WHERE event_id = %(event_id)s AND room_id = %(room_id)s
    UNION ALL
    SELECT m.event_id, m.reply_to, up.depth + 1
    FROM up JOIN messages m ON m.event_id = up.reply_to AND m.room_id = %(room_id)s
    WHERE up.depth < 64
)
SELECT event_id FROM up ORDER BY depth DESC LIMIT 1
"""

# UNION (not ALL) ends the walk even if answers ever formed a circle.
_ANSWERS = """
m.room_id = %(room_id)s AND m."offset" >= %(since)s AND m.event_id IN (
    WITH RECURSIVE down AS (
        SELECT %(root)s::uuid AS event_id
        UNION
        SELECT m.event_id FROM down JOIN messages m
        ON m.room_id = %(room_id)s AND m.reply_to = down.event_id
    )
    SELECT event_id FROM down WHERE event_id <> %(root)s::uuid LIMIT 10000
)
"""

THREAD = with_details(f"""
    SELECT {MESSAGE} FROM messages m WHERE {_ANSWERS} AND m."offset" > %(offset)s
    ORDER BY m."offset" LIMIT %(limit)s
""")

# Those who answered, the first of them first.
THREAD_SUMMARY = f"""
WITH said AS (
    SELECT m.sender_id, count(*) AS count, min(m."offset") AS first, max(m."offset") AS last
    FROM messages m WHERE {_ANSWERS} GROUP BY m.sender_id
)
SELECT coalesce(sum(count), 0)::bigint AS count, max(last) AS last,
       coalesce((array_agg(sender_id ORDER BY first))[:%(most)s], '{{}}') AS participants
FROM said
"""

TEXTS = """
SELECT "offset", sender_id, written_at, text, sealed FROM message_texts
WHERE room_id = %(room_id)s AND event_id = %(event_id)s ORDER BY "offset"
"""

PINS = """
SELECT p.event_id, p."offset", p.pinned_by, p.pinned_at FROM pins p
WHERE p.room_id = %(room_id)s ORDER BY p."offset" DESC
"""
PINNED_MESSAGES = with_details(f"""
    SELECT {MESSAGE} FROM messages m
    WHERE m.room_id = %(room_id)s AND m."offset" >= %(since)s AND m.deleted_at IS NULL
      AND m.event_id = ANY (%(events)s::uuid[])
    ORDER BY m."offset" LIMIT %(limit)s
""")
