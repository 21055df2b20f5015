// The SQL of shared allowances: one statement leases a slice.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';

export interface Lease {
  readonly policy: string;
  readonly caller: Buffer;
  readonly windowNumber: number;
  readonly windowSeconds: number;
  readonly slice: number;
}

/** Gives how much is leased by everyone, this slice included; beyond the quota it was leased in vain. */
export async function leaseSlice(store: Store, lease: Lease): Promise<number> {
  const { policy, caller, windowNumber, windowSeconds, slice } = lease;
  const { rows } = await sql<{ leased: number }>`
    insert into limits.allowance as a (policy, caller, window_number, leased, ends_at)
    values (${policy}, ${caller}, ${windowNumber}, ${slice}, to_timestamp(${(windowNumber + 1) * windowSeconds}))
    on conflict (policy, caller, window_number) do update set leased = least(a.leased + ${slice}, 2000000000)
    returning leased`.execute(store);
  return rows[0]?.leased ?? 0;
}
