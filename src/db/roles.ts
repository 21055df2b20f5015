// The roles of least privilege. Group roles cannot sign in and hold the rights; the roles that sign in are members.
// The owner owns every table and function and is used by migrations alone.
import { type Kysely, sql } from 'kysely';

export const groupRoles = [
  'stabledoor_app',
  'stabledoor_audit',
  'stabledoor_import',
  'stabledoor_meter_reader',
  'stabledoor_subject_keys',
] as const;
export type GroupRole = (typeof groupRoles)[number];

/** Makes the group roles that are missing. Needs CREATEROLE only if one is; two may try at once. */
export async function ensureGroupRoles(db: Kysely<unknown>): Promise<void> {
  await sql`
    do $$
    declare wanted text;
    begin
      foreach wanted in array ${sql.lit(`{${groupRoles.join(',')}}`)}::text[] loop
        if not exists (select from pg_catalog.pg_roles where rolname = wanted) then
          begin
            execute format('create role %I nologin', wanted);
          exception when duplicate_object or unique_violation then null;
          end;
        end if;
      end loop;
    end $$`.execute(db);
}
