# ruff: noqa: S608  # every part of a statement is a constant of this file
"""The SQL of web push subscriptions and of mails; parameters are named."""

_SHOWN = "id, user_agent, created_at"

SUBSCRIPTIONS = f"""
SELECT {_SHOWN} FROM push_subscriptions WHERE user_id = %(user_id)s ORDER BY created_at DESC, id
"""
RELEASE = "SELECT release_push_endpoint(%(endpoint)s)"
SUBSCRIBE = f"""
INSERT INTO push_subscriptions (id, user_id, session_id, endpoint, p256dh, auth, user_agent)
VALUES (%(id)s, %(user_id)s, %(session_id)s, %(endpoint)s, %(p256dh)s, %(auth)s, %(user_agent)s)
ON CONFLICT (id) DO UPDATE SET session_id = excluded.session_id, p256dh = excluded.p256dh,
    auth = excluded.auth, user_agent = excluded.user_agent
RETURNING {_SHOWN}
"""
FORGET_OLDEST = """
DELETE FROM push_subscriptions WHERE id IN (
    SELECT id FROM push_subscriptions WHERE user_id = %(user_id)s
    ORDER BY created_at DESC, id OFFSET %(most)s
)
"""
UNSUBSCRIBE = """
DELETE FROM push_subscriptions WHERE id = %(id)s AND user_id = %(user_id)s RETURNING id
"""

DIGEST = "SELECT user_id FROM mail_digests WHERE user_id = %(user_id)s"
WANT_DIGEST = """
INSERT INTO mail_digests (user_id) SELECT id FROM accounts WHERE id = %(user_id)s ON CONFLICT DO NOTHING
"""
END_DIGEST = "DELETE FROM mail_digests WHERE user_id = %(user_id)s"
END_DIGEST_BY_LINK = "SELECT end_mail_digest(%(token)s::uuid) AS was_there"
