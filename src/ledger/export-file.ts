// Writes an export beside its place and renames it when it is whole: a file under the name asked for is never cut. What was
// broken off stays beside it, and the next attempt goes on from there.
import { createHash } from 'node:crypto';
import { type FileHandle, open, rename } from 'node:fs/promises';
import type { Store } from '../db/database.ts';
import { type ExportContents, exportText, pageLength } from './export.ts';
import { claimPart } from './export-part.ts';
import { type ExportPlan, type ExportRange, planExport } from './export-plan.ts';
import { type FoundSoFar, findSoFar, readManifest } from './export-so-far.ts';

export interface ExportFile extends ExportRange, ExportContents {
  readonly logId: number;
  readonly out: string;
  /** Entries written of those that there will be. */
  readonly onProgress?: (done: number, of: number) => void;
}

export interface WrittenExport {
  readonly origin: string;
  readonly from: number;
  readonly size: number;
  readonly bytes: number;
  /** Of the file, in hexadecimal. */
  readonly sha256: string;
  /** Entries that were there from an attempt before. */
  readonly kept: number;
}

/** Replaces a file that is there. Errors: ExportRangeError; this process writes it already. */
export async function writeExport(db: Store, request: ExportFile): Promise<WrittenExport> {
  const part = await claimPart(request.out);
  try {
    const plan = await planAgain(db, request, part.path);
    const found = await findSoFar(db, part.path, plan, request);
    const written = await writePart(db, request, plan, found, part.path);
    await rename(part.path, request.out);
    const { origin, from, size } = plan;
    return { origin, from, size, ...written, kept: (found?.next ?? from) - from };
  } finally {
    part.release();
  }
}

async function writePart(
  db: Store,
  request: ExportFile,
  plan: ExportPlan,
  found: FoundSoFar | null,
  path: string,
): Promise<{ bytes: number; sha256: string }> {
  const { from, size } = plan;
  // For the eyes of its user alone: it may hold openings.
  const file = await open(path, found === null ? 'w' : 'r+', 0o600);
  try {
    await file.truncate(found?.bytes ?? 0);
    const texts = exportText(db, plan, request, found ?? undefined);
    const written = await writeTexts(file, texts, found, (pages) => {
      const done = (found?.next ?? from) - from + pages * pageLength;
      request.onProgress?.(Math.min(done, size - from), size - from);
    });
    await file.sync();
    return written;
  } finally {
    await file.close();
  }
}

/** What was begun without an end that was asked for is of the checkpoint that it began with, however long the log is now. */
async function planAgain(db: Store, request: ExportFile, part: string): Promise<ExportPlan> {
  const { logId, from = 0, to } = request;
  const begun = to === undefined ? await readManifest(part) : null;
  const again =
    begun !== null && begun.from === from
      ? await planExport(db, logId, { from, size: begun.size }).catch(() => null)
      : null;
  return again ?? (await planExport(db, logId, request));
}

async function writeTexts(
  file: FileHandle,
  texts: AsyncIterable<string>,
  found: FoundSoFar | null,
  onText: (texts: number) => void,
): Promise<{ bytes: number; sha256: string }> {
  const sha256 = found?.sha256 ?? createHash('sha256');
  let at = found?.bytes ?? 0;
  let writing: Promise<unknown> = Promise.resolve();
  let count = 0;
  for await (const text of texts) {
    const bytes = Buffer.from(text);
    sha256.update(bytes);
    await writing;
    writing = file.write(bytes, 0, bytes.length, at);
    at += bytes.length;
    onText(count++);
  }
  await writing;
  return { bytes: at, sha256: sha256.digest('hex') };
}
