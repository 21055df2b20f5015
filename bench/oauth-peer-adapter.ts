// Where node-oidc-provider keeps its objects in the bench: one table in the same PostgreSQL, one prepared statement a call, as
// the adapters for SQL databases that its users write have it.
import pg from 'pg';

const makeTable = `
  create table if not exists peer_object (
    model text not null, id text not null, payload jsonb not null, grant_id text, uid text,
    expires_at timestamptz, consumed_at timestamptz, primary key (model, id)
  );
  create index if not exists peer_object_grant on peer_object (grant_id) where grant_id is not null;
  create index if not exists peer_object_uid on peer_object (uid) where uid is not null`;

interface Payload {
  readonly grantId?: string;
  readonly uid?: string;
  readonly [member: string]: unknown;
}
interface Row {
  readonly payload: Payload;
  readonly consumed_at: Date | null;
}

/** The adapter's class, as the provider wants it. */
export async function peerAdapter(databaseUrl: string) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 20 });
  await pool.query(makeTable);
  const run = async (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    (await pool.query({ name, text, values })).rows;
  const found = ([row]: Row[]): Payload | undefined =>
    row && { ...row.payload, ...(row.consumed_at === null ? {} : { consumed: true }) };
  const select =
    'select payload, consumed_at from peer_object where (expires_at is null or expires_at > now()) and';

  class PeerAdapter {
    readonly model: string;
    constructor(model: string) {
      this.model = model;
    }

    async upsert(id: string, payload: Payload, expiresIn: number | undefined): Promise<void> {
      const expiresAt = expiresIn === undefined ? null : new Date(Date.now() + expiresIn * 1000);
      await run(
        'upsert',
        `insert into peer_object (model, id, payload, grant_id, uid, expires_at) values ($1, $2, $3, $4, $5, $6)
          on conflict (model, id) do update set payload = $3, grant_id = $4, uid = $5, expires_at = $6`,
        [this.model, id, JSON.stringify(payload), payload.grantId ?? null, payload.uid ?? null, expiresAt],
      );
    }

    async find(id: string): Promise<Payload | undefined> {
      return found(await run('find', `${select} model = $1 and id = $2`, [this.model, id]));
    }

    async findByUid(uid: string): Promise<Payload | undefined> {
      return found(await run('uid', `${select} model = $1 and uid = $2`, [this.model, uid]));
    }

    async findByUserCode(): Promise<undefined> {}

    async consume(id: string): Promise<void> {
      const text = 'update peer_object set consumed_at = now() where model = $1 and id = $2';
      await run('consume', text, [this.model, id]);
    }

    async destroy(id: string): Promise<void> {
      await run('destroy', 'delete from peer_object where model = $1 and id = $2', [this.model, id]);
    }

    async revokeByGrantId(grantId: string): Promise<void> {
      await run('revoke', 'delete from peer_object where grant_id = $1', [grantId]);
    }
  }
  return { PeerAdapter, close: () => pool.end() };
}
