-- Workspaces: rooms of kind workspace, whose rooms name them. NULL: the one that everybody is in.
ALTER TABLE rooms ALTER COLUMN workspace_id DROP DEFAULT;
ALTER TABLE rooms ALTER COLUMN workspace_id DROP NOT NULL;
ALTER TABLE rooms ALTER COLUMN workspace_id TYPE uuid USING nullif(workspace_id, '')::uuid;
ALTER TABLE rooms ADD COLUMN slug text NOT NULL DEFAULT '';               -- of a workspace: its name in addresses
ALTER TABLE rooms ADD COLUMN archived boolean NOT NULL DEFAULT false;
ALTER TABLE rooms ADD COLUMN read_only boolean NOT NULL DEFAULT false;
ALTER TABLE rooms ADD COLUMN history text NOT NULL DEFAULT 'all';         -- or joined: what came since one joined
CREATE INDEX rooms_scoped ON rooms (id) WHERE history = 'joined';
CREATE INDEX rooms_workspace ON rooms (workspace_id) WHERE workspace_id IS NOT NULL;

-- Invites that were not revoked.
CREATE TABLE workspace_invites (
    id           uuid PRIMARY KEY,             -- derived from the secret, and does not lead back to it
    workspace_id uuid NOT NULL,
    role         text NOT NULL,
    created_by   uuid NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX workspace_invites_workspace ON workspace_invites (workspace_id);

-- People who are to leave the rooms of a workspace that they left: the API takes rows away once they have.
CREATE TABLE workspace_departures (
    workspace_id uuid   NOT NULL,
    user_id      uuid   NOT NULL,
    "offset"     bigint NOT NULL,              -- of the event, in the workspace's partition
    left_at      timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);

-- Invites for one address. Not made from the log: an address never enters it. The link has one half of the secret,
-- this table the other, so that nobody joins past the API, which checks the address.
CREATE TABLE invite_addresses (
    handle     uuid PRIMARY KEY,               -- derived from the half that is in the link
    invite_id  uuid NOT NULL UNIQUE,
    email      text COLLATE "C" NOT NULL,      -- lower case
    other_half text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
