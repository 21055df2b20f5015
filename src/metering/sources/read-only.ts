// Promise P9: the broker's role can write to nothing in the meter store. Asked of the catalogue at start, for every
// role that the connection could become, because a grant made later by hand would otherwise pass unseen.
import { type Kysely, sql } from 'kysely';

/** Functions that run with their owner's rights and may be executed all the same: they read, and number what they read. */
const mayExecute = ['meter.read_days', 'meter.reads_numbered'];

/** Throws, naming what the role could write, unless it can only read. */
export async function assertReadOnly<Schema>(db: Kysely<Schema>): Promise<void> {
  const { rows } = await sql<{ finding: string }>`
    with me as (
      select r.oid, r.rolname, r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolreplication, r.rolbypassrls
      from pg_catalog.pg_roles r where pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER')
    ), relation as (
      select c.oid, n.nspname || '.' || c.relname as name, c.relkind, c.relowner
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
        and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    )
    select 'the role ' || rolname || ' is a superuser or may make databases or roles' as finding
      from me where rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls
    union all
    select me.rolname || ' owns ' || name from relation join me on me.oid = relowner
    union all
    select me.rolname || ' may write to ' || name from relation cross join me
      where relkind <> 'S' and not rolsuper and (
        pg_catalog.has_table_privilege(me.oid, relation.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
        or pg_catalog.has_any_column_privilege(me.oid, relation.oid, 'INSERT, UPDATE'))
    union all
    select me.rolname || ' may move the sequence ' || name from relation cross join me
      where relkind = 'S' and not rolsuper and pg_catalog.has_sequence_privilege(me.oid, relation.oid, 'USAGE, UPDATE')
    union all
    select me.rolname || ' may make things in the schema ' || n.nspname from pg_catalog.pg_namespace n cross join me
      where n.nspname !~ '^pg_' and not rolsuper and pg_catalog.has_schema_privilege(me.oid, n.oid, 'CREATE')
    union all
    select me.rolname || ' may execute ' || n.nspname || '.' || p.proname || ' with the rights of its owner'
      from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace cross join me
      where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema') and not rolsuper
        and n.nspname || '.' || p.proname <> all (${sql.val(mayExecute)}::text[])
        and pg_catalog.has_function_privilege(me.oid, p.oid, 'EXECUTE')
    limit 5`.execute(db);
  if (rows.length > 0)
    throw new Error(`the meter store must be read only: ${rows.map((row) => row.finding).join('; ')}`);
}
