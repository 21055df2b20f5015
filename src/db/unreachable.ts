// Tells a database that does not answer from one that answers with an error: only the first is worth waiting for.

const unreachableCodes = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EPIPE'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'],
]);

/**
 * SQLSTATE of a connection that broke (08), a server that goes, comes or gave up on the time (57), has no room (53) or
 * lost its disk (58), waited too long for a lock (55P03), or has become a standby (25006).
 */
const unreachableStates = /^(08|53|57|58|55P03|25006)/;

/** node-postgres says these in words alone. */
const unreachableWords =
  /^(timeout exceeded when trying to connect|Connection terminated|Query read timeout|Client has encountered a connection error)/;

/** The database does not answer, or not now: the same call may well work later. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return unreachableCodes.has(code) || isState(code) || unreachableWords.test(error.message);
}

const isState = (code: string): boolean => code.length === 5 && unreachableStates.test(code);
