# ruff: noqa: S608  # every part of a statement is a constant of the code or a name of the catalogue
"""The SQL of a rebuild. Its tables are in a schema of their own, which takes the place of the live one's.

Statements about tables are made by the catalogue of the live ones, so that whatever a migration gave these
(columns, indexes, constraints, storage, rights) is there again, by the same names.
"""

from roomlog.readmodels.tables import MARKERS, OFFSETS, SWAP_LOCK, Table, named

NEW, OLD = "roomlog_new", "roomlog_old"
"""Schemas of the tables that are being built, and of those that were replaced."""

# One rebuild at a time. The key is arbitrary, and nothing else uses it.
LOCK = "SELECT pg_try_advisory_lock(7_201_125)"
LOCKED_BY = """
SELECT pid, to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') FROM pg_locks
JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND objid = 7_201_125 AND granted AND pg_locks.database =
      (SELECT oid FROM pg_database WHERE datname = current_database())"""
# Sessions of a rebuild that was killed may have long statements to end.
END_LEFTOVERS = """
SELECT count(pg_terminate_backend(pid, 10_000)) FROM pg_stat_activity
WHERE application_name = %s AND datname = current_database() AND pid <> ALL (%s)"""

LIVE_SCHEMA = "SELECT current_schema()"
HAS_TABLE = "SELECT to_regclass(%s) IS NOT NULL"
MARK_OF = "SELECT obj_description(to_regnamespace(%s), 'pg_namespace')"
STATEMENT_TO_MARK = "SELECT format('COMMENT ON SCHEMA %%I IS %%L', %s::text, %s::text)"

# What stands on a table and would stay with the old one.
OBSTACLES = """
SELECT format('trigger %%s on %%s', tgname, tgrelid::regclass) FROM pg_trigger
WHERE NOT tgisinternal AND tgrelid = ANY (%(tables)s::regclass[])
UNION ALL
SELECT format('foreign key %%s', conname) FROM pg_constraint
WHERE contype = 'f' AND (conrelid = ANY (%(tables)s::regclass[]) OR confrelid = ANY (%(tables)s::regclass[]))
UNION ALL
SELECT DISTINCT format('view %%s', ev_class::regclass) FROM pg_depend
JOIN pg_rewrite ON pg_rewrite.oid = objid
WHERE classid = 'pg_rewrite'::regclass AND refobjid = ANY (%(tables)s::regclass[])
ORDER BY 1"""

STATEMENTS_TO_CREATE = """
SELECT format('CREATE TABLE %%I.%%I (LIKE %%I.%%I INCLUDING ALL EXCLUDING INDEXES)%%s', %(new)s::text, relname,
              %(live)s::text, relname, ' WITH (' || array_to_string(reloptions, ', ') || ')')
FROM pg_class WHERE relnamespace = %(live)s::regnamespace AND relname = ANY (%(tables)s)
UNION ALL
SELECT format('GRANT %%s ON %%I.%%I TO %%s', privilege_type, %(new)s::text, relname,
              CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END)
FROM pg_class, aclexplode(relacl)
WHERE relnamespace = %(live)s::regnamespace AND relname = ANY (%(tables)s) AND grantee <> relowner
UNION ALL
SELECT format('ALTER TABLE %%I.%%I ENABLE ROW LEVEL SECURITY', %(new)s::text, relname)
FROM pg_class WHERE relnamespace = %(live)s::regnamespace AND relname = ANY (%(tables)s) AND relrowsecurity
UNION ALL
SELECT format('CREATE POLICY %%I ON %%I.%%I AS %%s FOR %%s TO %%s', policyname, %(new)s::text, tablename,
              permissive, cmd, array_to_string(roles, ', '))
       || coalesce(' USING (' || qual || ')', '') || coalesce(' WITH CHECK (' || with_check || ')', '')
FROM pg_policies WHERE schemaname = %(live)s AND tablename = ANY (%(tables)s)"""

# `late`: the writing does without it, and loading goes faster before it is there.
STATEMENTS_TO_INDEX = """
SELECT i.relname, t.relname = 'messages' AND NOT coalesce(c.conname = 'messages_event_id_room_id_key', false),
       CASE WHEN c.oid IS NULL
       THEN replace(pg_get_indexdef(i.oid), format(' ON %%I.%%I ', %(live)s::text, t.relname),
                    format(' ON %%I.%%I ', %(new)s::text, t.relname))
       ELSE format('ALTER TABLE %%I.%%I ADD CONSTRAINT %%I %%s', %(new)s::text, t.relname, c.conname,
                   pg_get_constraintdef(c.oid))
       END
FROM pg_index JOIN pg_class i ON i.oid = indexrelid JOIN pg_class t ON t.oid = indrelid
LEFT JOIN pg_constraint c ON c.conindid = i.oid AND c.contype IN ('p', 'u', 'x')
WHERE t.relnamespace = %(live)s::regnamespace AND t.relname = ANY (%(tables)s)
ORDER BY t.relname, i.relname"""
INDEXES = "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relkind = 'i'"

# Indexes of a large table want memory and take their time, on one core: the others are for those who read meanwhile.
PREPARE_LONG_WORK = """
SELECT set_config('maintenance_work_mem', '128MB', false), set_config('work_mem', '64MB', false),
       set_config('max_parallel_maintenance_workers', '0', false),
       set_config('max_parallel_workers_per_gather', '0', false),
       set_config('statement_timeout', '0', false), set_config('synchronous_commit', 'off', false)"""


def offsets_of(schema: str) -> str:
    """Return SQL that selects how far each partition is projected: topic, partition, next."""
    return f"SELECT topic, partition, next FROM {schema}.{OFFSETS}"


def later_markers(live: str) -> str:
    """Return SQL that takes over read markers that the log does not show any more, as it is compacted."""
    return f"""
INSERT INTO {NEW}.{MARKERS.name} AS m (user_id, room_id, "offset", marked_at)
SELECT user_id, room_id, "offset", marked_at FROM {live}.{MARKERS.name}
ON CONFLICT (user_id, room_id) DO UPDATE SET "offset" = excluded."offset",
    marked_at = excluded.marked_at
WHERE m."offset" < excluded."offset"
"""


# Rows are compared by sums over buckets of keys; of buckets that differ, row by row.
BUCKETS = 1024


def _bucket(table: Table) -> str:
    return f"(hash_record_extended(ROW({named(table.key)}), 0) & {BUCKETS - 1})"


def sums_of(table: Table, schema: str) -> str:
    """Return SQL that selects of each bucket its number, its rows, and a sum over everything in them."""
    every = named((*table.key, *table.columns))
    return f"""
SELECT {_bucket(table)}, count(*), sum(hash_record_extended(ROW({every}), 1))
FROM {schema}.{table.name} GROUP BY 1"""


def rows_of(table: Table, schema: str) -> str:
    """Return SQL that selects the rows of some buckets, each after its bucket's number."""
    bucket = _bucket(table)
    return f"""
SELECT {bucket}, {", ".join(table.values)} FROM {schema}.{table.name}
WHERE {bucket} = ANY (%s) ORDER BY 1"""


# The swap.
TRY_SWAP_LOCK = f"SELECT pg_try_advisory_lock({SWAP_LOCK})"
SWAP_LOCK_AFTER_OTHERS = f"SELECT pg_advisory_lock({SWAP_LOCK})"


def lock_offsets(live: str) -> str:
    """Return SQL that lets those who write finish, and keeps the next ones waiting; all may read."""
    return f"LOCK TABLE {live}.{OFFSETS} IN EXCLUSIVE MODE"


def take_other_offsets(live: str) -> str:
    """Return SQL that takes over the offsets of topics that a rebuild does not read."""
    return f"""
INSERT INTO {NEW}.{OFFSETS} SELECT * FROM {live}.{OFFSETS} AS o
WHERE NOT EXISTS (SELECT FROM {NEW}.{OFFSETS} AS n WHERE n.topic = o.topic AND n.partition = o.partition)"""


def swap(live: str, tables: tuple[str, ...], unused: tuple[str, ...]) -> list[str]:
    """Return SQL that puts the new tables where the live ones were, and these aside; `unused` are dropped."""
    every = ", ".join(f"{live}.{table}" for table in tables)
    moves = [f"ALTER TABLE {live}.{table} SET SCHEMA {OLD}" for table in tables]
    moves += [f"ALTER TABLE {NEW}.{table} SET SCHEMA {live}" for table in tables]
    return [
        f"LOCK TABLE {every} IN ACCESS EXCLUSIVE MODE",
        f"DROP SCHEMA IF EXISTS {OLD} CASCADE",
        f"CREATE SCHEMA {OLD}",
        *moves,
        *(f"DROP TABLE {NEW}.{table}" for table in unused),
        f"DROP SCHEMA {NEW}",
    ]
