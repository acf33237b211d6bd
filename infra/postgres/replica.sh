#!/bin/sh
# Starts a streaming replica: a copy of the primary the first time, which then follows it by its slot.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    rm -rf "$PGDATA.new"
    mkdir -p "$(dirname "$PGDATA")"
    PGPASSWORD=$(cat /run/secrets/replication_password) pg_basebackup --pgdata "$PGDATA.new" \
        --dbname "host=postgres port=5432 user=replicator application_name=replica" \
        --write-recovery-conf --slot replica --wal-method stream --checkpoint fast
    rm -rf "$PGDATA"
    mv "$PGDATA.new" "$PGDATA" # whole or not at all
fi
exec "$@"
