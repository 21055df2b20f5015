// Which statements the server keeps planned: planning the one query of a read takes longer than running it. A statement
// that comes again and again gets a name, under which every connection prepares it once. There is room for so many.
import { createHash } from 'node:crypto';

export interface KeptStatements {
  /** The name to send this text under, or null to have it planned each time. */
  nameOf(text: string): string | null;
}

/** A text that comes this often will come again. */
const usesBeforeName = 5;

/**
 * Room for what a process says all the time; the lists of different length that a batch writes must not fill the server
 * with plans, so that once there are `most` names no other text gets one.
 */
export function keptStatements(most = 100): KeptStatements {
  const names = new Map<string, string>();
  let uses = new Map<string, number>();
  return {
    nameOf(text) {
      const name = names.get(text);
      if (name !== undefined) return name;
      if (names.size >= most) return null;
      const count = (uses.get(text) ?? 0) + 1;
      if (count < usesBeforeName) {
        if (uses.size > 20 * most) uses = new Map();
        uses.set(text, count);
        return null;
      }
      uses.delete(text);
      const made = readableName(text);
      names.set(text, made);
      return made;
    },
  };
}

/** What it calls or reads first, for whoever looks at the server or the wire; the rest tells it from every other text. */
function readableName(text: string): string {
  const [, schema = '', thing = ''] = /"?([a-z_]+)"?\."?([a-z_]+)"?/.exec(text) ?? [];
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  // PostgreSQL cuts a name after 63 bytes.
  const shown = `kept ${schema}.${thing}`.slice(0, 46);
  return `${shown} ${digest}`;
}
