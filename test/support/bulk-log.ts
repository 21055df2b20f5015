// A long log in minutes: real entries that link, disclosures under one consent, with a real tree and a signed checkpoint, put
// there by the owner past the sequencer. For measuring and for long counts; nothing of it shows that appending works.
import { randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { leafHashOf } from '../../src/ledger/node-crypto.ts';
import { type NoteSigner, noteSigner } from '../../src/ledger/note-signer.ts';
import { rootAt } from '../../src/ledger/proofs.ts';
import { drafts, entriesOf, POLICY, POLICY_TEXT, START_S, type Step } from '../ledger/small-log.ts';

export interface BulkLog {
  readonly logId: number;
  readonly origin: string;
  readonly signer: NoteSigner;
  readonly size: number;
  readonly policies: readonly { digest: string; text: string }[];
}

const piece = 50_000;

export async function bulkLog(ownerUrl: string, logId: number, size: number): Promise<BulkLog> {
  const owner = openDatabase({ url: ownerUrl, maxConnections: 1, statementTimeoutMs: 600_000 });
  const origin = `bulk${logId}.example/ledger`;
  const signer = noteSigner(origin, randomBytes(32));
  try {
    await sql`select ledger.open_log(${logId}::smallint, ${origin}, 'sandbox')`.execute(owner);
    const first = opening(origin, signer.key.text);
    const leaves = first.map(leafHashOf);
    await sql`insert into ledger.entry (log_id, idx, leaf, entry)
      select ${logId}, o - 1, l, convert_to(e, 'UTF8')
        from unnest(${leaves}::bytea[], ${first}::text[]) with ordinality u(l, e, o)`.execute(owner);
    let tip = leaves.at(-1) as Buffer;
    for (let from = first.length; from < size; from += piece)
      tip = await grow(owner, { logId, from, to: Math.min(from + piece, size), tip });
    const note = signer.signNote(formatCheckpoint({ origin, size, root: await rootAt(owner, logId, size) }));
    await sql`insert into ledger.checkpoint (log_id, size, note) values (${logId}, ${size}, ${note})`.execute(
      owner,
    );
    await sql`vacuum analyze ledger.entry, ledger.tile_hash`.execute(owner as unknown as Kysely<never>);
  } finally {
    await owner.destroy();
  }
  return { logId, origin, signer, size, policies: [{ digest: POLICY, text: POLICY_TEXT }] };
}

/** What disclosures rest on. */
function opening(origin: string, key: string): string[] {
  const given = { ...drafts['consent.given'], expires_s: START_S + 10_000_000 };
  const steps: Step[] = [
    { draft: { ...drafts['log.opened'], origin, key } },
    { draft: drafts['policy.published'] },
    { draft: drafts['third-party.registered'] },
    { draft: drafts['consent.requested'] },
    { draft: given },
  ];
  return entriesOf(steps, origin);
}

async function grow(
  owner: Database,
  { logId, from, to, tip }: { logId: number; from: number; to: number; tip: Buffer },
): Promise<Buffer> {
  return await owner.transaction().execute(async (tx) => {
    await sql.raw(growing).execute(tx);
    const { rows } = await sql<{ tip: Buffer }>`
      select pg_temp.grow(${logId}::smallint, ${from}::bigint, ${to}::bigint, ${tip}::bytea) as tip`.execute(
      tx,
    );
    // Its trigger makes the hashes of the upper levels, and the next partition.
    await sql`update ledger.head set size = ${to} where log_id = ${logId}`.execute(tx);
    return rows[0]?.tip as Buffer;
  });
}

const { consent_ref, third_party, meter_ref, jkt } = drafts.disclosure;
const body = [
  '{"actor":"third-party","basis":"consent","commit":{"meter_point":"%1$s","proof":"%1$s","readings":"%1$s"}',
  `"consent_ref":"${consent_ref}","count":31,"decision":"allowed","jkt":"${jkt}","kind":"disclosure"`,
  `"meter_ref":"${meter_ref}","policy":"${POLICY}","purpose":"energy-advice","reasons":[],"register":"import","req":"%2$s"`,
  `"resolution":"P1D","store_read":"1700000000/%3$s","third_party":"${third_party}","version":1`,
  '"window":{"from":"2023-01-01","to":"2023-02-01"}}',
].join(',');

/** A loop, for each entry names the one before by its hash. */
const growing = `
  create or replace function pg_temp.grow(p_log smallint, p_from bigint, p_to bigint, p_tip bytea) returns bytea
  language plpgsql as $grow$
  declare v_entry bytea; v_entries bytea[]; v_leaves bytea[]; v_first bigint := p_from; i bigint := p_from;
  begin
    while i < p_to loop
      v_entry := convert_to(format(E'stabledoor/entry/v1\\nidx %s\\nprev %s\\ntime %s\\nstag -\\n%s\\n', i,
        encode(p_tip, 'base64'), ${START_S * 1000 + 10_000} + i, format('${body}', encode(sha256(int8send(i)), 'base64'),
        md5(i::text)::uuid, i)), 'UTF8');
      p_tip := sha256('\\x00'::bytea || v_entry);
      v_entries[i - v_first + 1] := v_entry;
      v_leaves[i - v_first + 1] := p_tip;
      i := i + 1;
      if i - v_first = 1000 or i = p_to then
        insert into ledger.entry (log_id, idx, leaf, entry)
          select p_log, v_first + u.o - 1, u.leaf, u.entry
            from unnest(v_leaves, v_entries) with ordinality u(leaf, entry, o);
        v_first := i; v_entries := '{}'; v_leaves := '{}';
      end if;
    end loop;
    return p_tip;
  end $grow$`;
