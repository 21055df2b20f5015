// The handover: what the key of a log that was set back signs last, that another log goes on for it, from which entry
// and under which key. Whoever trusts the former key can trust the next one by it. It can be taken for no checkpoint.
import { encodeBase64 } from '../lib/base64.ts';
import type { VerifyCrypto } from './crypto.ts';
import { openNote } from './note.ts';
import type { VerifierKey } from './verifier-key.ts';

export interface Handover {
  readonly formerOrigin: string;
  /** Entries of the former log that are left, and their root. */
  readonly keptSize: number;
  readonly keptRoot: Uint8Array;
  /** The verifier key of the log that goes on. */
  readonly key: string;
}

/** The text of the note, five lines. */
export const formatHandover = ({ formerOrigin, keptSize, keptRoot, key }: Handover): string =>
  `stabledoor/handover/v1\n${formerOrigin}\n${keptSize}\n${encodeBase64(keptRoot)}\n${key}\n`;

/** Whether that note says exactly this, under that key. Throws NoteError. */
export async function isHandover(
  note: string,
  handover: Handover,
  formerKey: VerifierKey,
  crypto: VerifyCrypto,
): Promise<boolean> {
  const { text } = await openNote(note, [formerKey], crypto);
  return text === formatHandover(handover);
}
