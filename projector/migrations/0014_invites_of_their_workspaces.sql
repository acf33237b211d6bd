-- An invite is known by its workspace and its id. Whoever guesses the id of another workspace's invite may make one of the
-- same id in their own: that neither shows them anything of the other, nor does revoking theirs end it.
ALTER TABLE workspace_invites DROP CONSTRAINT workspace_invites_pkey;
ALTER TABLE workspace_invites ADD PRIMARY KEY (workspace_id, id);
DROP INDEX workspace_invites_workspace;

ALTER TABLE invite_addresses ADD COLUMN workspace_id uuid;
UPDATE invite_addresses a SET workspace_id = i.workspace_id FROM workspace_invites i WHERE i.id = a.invite_id;
DELETE FROM invite_addresses WHERE workspace_id IS NULL;     -- of invites that were revoked
ALTER TABLE invite_addresses ALTER COLUMN workspace_id SET NOT NULL;
ALTER TABLE invite_addresses DROP CONSTRAINT invite_addresses_invite_id_key;
ALTER TABLE invite_addresses ADD UNIQUE (workspace_id, invite_id);

DROP FUNCTION invite_of(uuid);
CREATE FUNCTION invite_of(workspace uuid, wanted uuid)
RETURNS TABLE (workspace_id uuid, name text, slug text, role text, expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT r.id, r.name, r.slug, i.role, i.expires_at
    FROM workspace_invites i JOIN rooms r ON r.id = i.workspace_id WHERE i.workspace_id = workspace AND i.id = wanted
$$;
REVOKE EXECUTE ON FUNCTION invite_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION invite_of TO roomlog_api;

CREATE OR REPLACE FUNCTION invites_to_me() RETURNS TABLE (id uuid, created_by uuid, created_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT i.id, i.created_by, i.created_at
    FROM accounts a JOIN invite_addresses v ON v.email = a.email
    JOIN workspace_invites i ON i.workspace_id = v.workspace_id AND i.id = v.invite_id
    WHERE a.id = request_user() AND i.expires_at > now() AND NOT EXISTS (
        SELECT FROM members m WHERE m.room_id = i.workspace_id AND m.user_id = a.id)
$$;
