// The link from a log to the one that it goes on for: whether entry 0 says of the former log what that log's own key
// signed, and, where the former log was verified too, what it holds. What lies between the two is lost, and is named.
import { decodeBase64, encodeBase64 } from '../lib/base64.ts';
import { openCheckpoint } from './checkpoint.ts';
import type { VerifyCrypto } from './crypto.ts';
import { EntryFormatError, parseEntry } from './entry.ts';
import { EntryBodyError, type EntryOf, parseEntryBody } from './entry-body.ts';
import { ExportFormatError, type ExportLine } from './export-format.ts';
import { isHandover } from './handover.ts';
import { decodeNote } from './note.ts';
import type { Findings } from './verdict.ts';
import { NoteError, parseVerifierKey, type VerifierKey } from './verifier-key.ts';

export type Succeeded = EntryOf<'log.succeeded'>;

/** What the verification of a log tells the verification of the one that goes on for it. */
export interface FormerLog {
  readonly origin: string;
  /** Null where its entry 0 is not here. */
  readonly mode: string | null;
  /** Keys that counted, by text. */
  readonly keys: readonly string[];
  /** Its first `kept` entries have that root; false where there are fewer, or others. */
  readonly holds: (kept: { readonly size: number; readonly root: string }) => boolean;
  /** Why an operator that is carried over was none after what was kept; null where nothing speaks against it. */
  readonly whyNotCarried: (body: EntryOf<'operator.carried'>) => string | null;
  /** Whether a consent was ever requested or given there, and who had it; null if not. */
  readonly consentHolder: (consentRef: string) => string | null;
}

/** What can be said once the link was looked at. */
export interface Link {
  readonly body: Succeeded;
  /** The former log was verified too, and is the one that entry 0 speaks of. */
  readonly isFormerVerified: boolean;
}

/** Adds what is wrong to `findings`, and returns whether the former key signed the handover to this log's key. */
export async function checkLink(
  body: Succeeded,
  former: FormerLog | null,
  findings: Findings,
  crypto: VerifyCrypto,
): Promise<{ readonly isHandedOver: boolean; readonly link: Link }> {
  const fault = await findFault(body, crypto);
  if (fault !== null) findings.add(0, 'succession_invalid', fault);
  const mismatch = former === null ? null : findMismatch(body, former);
  if (mismatch !== null) findings.add(0, 'former_mismatch', mismatch);
  return {
    isHandedOver: fault === null,
    link: { body, isFormerVerified: former !== null && mismatch === null },
  };
}

async function findFault(body: Succeeded, crypto: VerifyCrypto): Promise<string | null> {
  try {
    const key = parseVerifierKey(body.former_key, crypto.sha256);
    if (key.name !== body.former_origin) return `${body.former_key} is not a key of ${body.former_origin}`;
    return (await findCheckpointFault(body, key, crypto)) ?? (await findHandoverFault(body, key, crypto));
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return error.message;
  }
}

async function findCheckpointFault(
  body: Succeeded,
  key: VerifierKey,
  crypto: VerifyCrypto,
): Promise<string | null> {
  const trust = { origin: body.former_origin, logKeys: [key] };
  const { size, root } = await openCheckpoint(noteIn(body.known_checkpoint), trust, crypto);
  if (size !== body.known_size)
    return `the known checkpoint is of ${size} entries, not of ${body.known_size}`;
  if (size === body.kept_size && encodeBase64(root) !== body.kept_root)
    return 'the known checkpoint has another root than what was kept';
  if (body.cosigned_checkpoint === undefined) return null;
  const cosigned = await openCheckpoint(noteIn(body.cosigned_checkpoint), trust, crypto);
  return cosigned.size > body.known_size ? 'a longer checkpoint was cosigned than is known' : null;
}

async function findHandoverFault(
  body: Succeeded,
  key: VerifierKey,
  crypto: VerifyCrypto,
): Promise<string | null> {
  const said = {
    formerOrigin: body.former_origin,
    keptSize: body.kept_size,
    keptRoot: decodeBase64(body.kept_root) as Uint8Array,
    key: body.key,
  };
  const holds = await isHandover(noteIn(body.handover), said, key, crypto);
  return holds ? null : 'the handover says otherwise';
}

const noteIn = (encoded: string): string => decodeNote(decodeBase64(encoded) ?? new Uint8Array());

function findMismatch(body: Succeeded, former: FormerLog): string | null {
  if (former.origin !== body.former_origin)
    return `it goes on for ${body.former_origin}, and ${former.origin} was given`;
  // In another mode one operator is enough, and the clock can be moved.
  if (former.mode !== null && former.mode !== body.mode)
    return `it goes on in mode ${body.mode}, and ${former.origin} was opened in mode ${former.mode}`;
  if (!former.keys.includes(body.former_key)) return `${body.former_key} is no key of the former log`;
  if (!former.holds({ size: body.kept_size, root: body.kept_root }))
    return `the first ${body.kept_size} entries of ${former.origin} are not those that were kept`;
  return null;
}

/** How many entries of the former log are left, as entry 0 of the next says; null where it says nothing of the kind. */
export async function readKeptSize(lines: AsyncIterable<ExportLine>): Promise<number | null> {
  try {
    for await (const line of lines) {
      if (line.type !== 'entry') continue;
      const body = parseEntryBody(parseEntry(line.entry).body);
      return body.kind === 'log.succeeded' ? body.kept_size : null;
    }
  } catch (error) {
    // Whatever is wrong with it is found when it is verified itself.
    if (isFormatError(error)) return null;
    throw error;
  }
  return null;
}

const isFormatError = (error: unknown): boolean =>
  error instanceof ExportFormatError || error instanceof EntryFormatError || error instanceof EntryBodyError;
