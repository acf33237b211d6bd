-- Where an event stands in its partition, for the ack of a command that is repeated after its key was lost; not
-- known of events that were applied before this, nor of those of accounts.
ALTER TABLE applied_events ADD COLUMN "offset" bigint;
