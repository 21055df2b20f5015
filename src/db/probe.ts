// Whether a database answers at all, within a second: for health, never for a decision.
import { type Kysely, sql } from 'kysely';

const patienceMs = 1000;

export async function answers(db: Kysely<never>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((done) => {
    timer = setTimeout(() => done(false), patienceMs);
  });
  const asked = sql`select 1`.execute(db).then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
