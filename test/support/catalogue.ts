// A database's shape as text, read from the catalogue: schemas, tables, functions, triggers and every right on them,
// one fact a line, sorted, so that a difference is a line of a diff. Nothing in it depends on data or on a name of a test.
import { type Kysely, sql } from 'kysely';

/** Not what came with the server, and not what belongs to an extension. */
const ours = sql`(select n.oid, n.nspname, n.nspacl from pg_namespace n
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema')`;

const facts = sql`
  select format('schema %I rights %s', n.nspname, coalesce(n.nspacl::text, '-')) as fact from ${ours} n
  union all
  select format('%s %I.%I owner %s options %s rights %s',
      case c.relkind when 'r' then 'table' when 'S' then 'sequence' when 'v' then 'view' else c.relkind::text end,
      n.nspname, c.relname, c.relowner::regrole, coalesce(c.reloptions::text, '-'), coalesce(c.relacl::text, '-'))
    from pg_class c join ${ours} n on n.oid = c.relnamespace where c.relkind not in ('i', 'c')
  union all
  select format('column %I.%I.%I %s%s%s%s rights %s', n.nspname, c.relname, a.attname,
      format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' end,
      case a.attidentity when 'a' then ' always identity' when 'd' then ' identity' end,
      ' default ' || pg_get_expr(d.adbin, d.adrelid), coalesce(a.attacl::text, '-'))
    from pg_attribute a join pg_class c on c.oid = a.attrelid join ${ours} n on n.oid = c.relnamespace
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attnum > 0 and not a.attisdropped and c.relkind = 'r'
  union all
  -- Without contype n: before PostgreSQL 18 not null was no constraint of its own.
  select format('constraint %s %I %s', o.conrelid::regclass, o.conname, pg_get_constraintdef(o.oid))
    from pg_constraint o join ${ours} n on n.oid = o.connamespace where o.contype <> 'n' and o.conrelid <> 0
  union all
  select format('index %s', pg_get_indexdef(i.indexrelid))
    from pg_index i join pg_class c on c.oid = i.indexrelid join ${ours} n on n.oid = c.relnamespace
  union all
  select format('trigger %s enabled %s', pg_get_triggerdef(t.oid), t.tgenabled)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join ${ours} n on n.oid = c.relnamespace where not t.tgisinternal
  union all
  select format('function %s owner %s rights %s body %s', p.oid::regprocedure, p.proowner::regrole,
      coalesce(p.proacl::text, '-'), encode(sha256(convert_to(pg_get_functiondef(p.oid), 'UTF8')), 'hex'))
    from pg_proc p join ${ours} n on n.oid = p.pronamespace
  union all
  select format('default rights of %s in %s for %s: %s', d.defaclrole::regrole, coalesce(n.nspname, 'all'), d.defaclobjtype,
      d.defaclacl) from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace`;

export async function catalogueOf<Schema>(db: Kysely<Schema>): Promise<string> {
  const { rows } = await sql<{
    fact: string;
  }>`select f.fact from (${facts}) f order by f.fact collate "C"`.execute(db);
  return `${rows.map(({ fact }) => fact).join('\n')}\n`;
}
