// The rows of schema passkey, as migrations/0053-passkey.ts makes them.
import type { ColumnType } from 'kysely';

export interface PasskeyTables {
  'passkey.challenge': { challenge_hash: Buffer; use: string; subject: string; expires_at: Date };
  'passkey.credential': {
    credential_id: Buffer;
    owner: string;
    public_key: Buffer;
    /** A bigint, which is read as a number: it has 32 bits. */
    counter: number;
    transports: string[];
    synced: boolean;
    label: string;
    added_at: Date;
    used_at: ColumnType<Date | null, never, Date>;
  };
}
