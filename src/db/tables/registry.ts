// The rows of schema registry, as migrations/0003-registry.ts makes them.
import type { ColumnType } from 'kysely';

export interface ThirdPartyRow {
  client_id: string;
  name: string;
  trading_name: string;
  class: string;
  legal_group: string;
  registration_number: string;
  status: 'active' | 'pending' | 'suspended';
  suspended_reason: string | null;
  proposal_id: ColumnType<string | null, never, string>;
  redirect_uris: string[];
  purposes: string[];
  detail_types: string[];
  recipients: string[];
  /** A JWK set: public keys only, as readJwks cleaned it. */
  jwks: ColumnType<unknown, string, string>;
  jwks_uri: string | null;
  jwks_fetched_at: Date | null;
  retention_days: number;
  /** Of an ethics approval; null where there is none. */
  ethics_number: string | null;
  registered_at: Date;
  struck_off_at: ColumnType<Date | null, never, never>;
}

export interface NoteRow {
  client_id: string;
  name: string;
  text: string;
}

export interface NameLikenessRow {
  likeness: string;
  client_id: string;
}

export interface RegistryTables {
  'registry.third_party': ThirdPartyRow;
  'registry.note': NoteRow;
  'registry.name_likeness': NameLikenessRow;
}
