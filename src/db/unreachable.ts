// Tells a database that does not answer from one that answers with an error: only the first is worth waiting for.

const unreachableCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EPIPE']);

/** The database does not answer: no connection, or one that broke (SQLSTATE 08, 57P). */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return (
    unreachableCodes.has(code) ||
    /^(08|57P)/.test(code) ||
    /^(timeout exceeded when trying to connect|Connection terminated)/.test(error.message)
  );
}
