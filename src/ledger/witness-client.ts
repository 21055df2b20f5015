// The broker's side of C2SP tlog-witness: asks one witness over HTTP, bounded in time and size. Whatever comes back is a
// stranger's word until a signature on it has been verified.

import type { Hash } from './merkle.ts';
import { nodeCrypto } from './node-crypto.ts';
import type { SignatureLine } from './note.ts';
import { splitNote } from './note.ts';
import { NoteError, verifySignature } from './verifier-key.ts';
import { originHash } from './witness-folder.ts';
import type { PolicyWitness } from './witness-policy.ts';
import { formatAddCheckpoint } from './witness-request.ts';

export interface ReachableWitness extends PolicyWitness {
  readonly url: string;
}

export interface Submission {
  readonly oldSize: number;
  readonly proof: readonly Hash[];
  /** The log's own signed note. */
  readonly note: string;
}

export type SubmissionAnswer =
  | { readonly kind: 'cosigned'; readonly line: SignatureLine }
  /** It cosigned another size last. */
  | { readonly kind: 'other-size'; readonly size: number }
  | { readonly kind: 'failed'; readonly why: string };

const MAX_ANSWER_BYTES = 400_000;

/** Never throws: a witness that does not answer, or answers nonsense, is one that failed. */
export async function submitCheckpoint(
  witness: ReachableWitness,
  submission: Submission,
  timeoutMs: number,
): Promise<SubmissionAnswer> {
  try {
    const { status, text } = await ask(
      `${witness.url}/add-checkpoint`,
      { method: 'POST', body: formatAddCheckpoint(submission) },
      timeoutMs,
    );
    if (status === 200) return await readCosignature(witness, submission.note, text);
    if (status === 409 && /^(0|[1-9][0-9]{0,15})\n$/.test(text) && Number.isSafeInteger(Number(text)))
      return { kind: 'other-size', size: Number(text) };
    return { kind: 'failed', why: `answered ${status}: ${text.slice(0, 200).trim()}` };
  } catch (error) {
    return { kind: 'failed', why: reasonOf(error) };
  }
}

/** Lines of other keys are passed over; of the witness's own, the first must hold. */
async function readCosignature(
  witness: ReachableWitness,
  note: string,
  body: string,
): Promise<SubmissionAnswer> {
  const { text, signatures } = splitNote(`${splitNote(note).text}\n${body}`);
  const { key } = witness;
  const line = signatures.find(({ name, id }) => name === key.name && id === key.id);
  if (line === undefined) return { kind: 'failed', why: 'answered without its own cosignature' };
  if ((await verifySignature(key, text, line.payload, nodeCrypto)) === null)
    return { kind: 'failed', why: 'answered with a cosignature that does not hold' };
  return { kind: 'cosigned', line };
}

/** What the witness shows to monitors: a note, nothing of it verified; null if it shows none or does not answer. */
export async function readWitnessed(
  witness: ReachableWitness,
  origin: string,
  timeoutMs: number,
): Promise<string | null> {
  try {
    const { status, text } = await ask(
      `${witness.url}/${originHash(origin)}/checkpoint`,
      { method: 'GET' },
      timeoutMs,
    );
    return status === 200 ? text : null;
  } catch {
    return null;
  }
}

async function ask(
  url: string,
  request: { method: string; body?: string },
  timeoutMs: number,
): Promise<{ status: number; text: string }> {
  // A witness is where the policy says it is: a redirection could lead a broker anywhere.
  const response = await fetch(url, {
    ...request,
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new NoteError('the answer is too long');
    chunks.push(chunk);
  }
  return { status: response.status, text: Buffer.concat(chunks).toString('utf8') };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed without words';
  if (error.name === 'TimeoutError') return 'did not answer in time';
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
