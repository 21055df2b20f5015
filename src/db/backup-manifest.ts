// What a backup says of itself (stabledoor/backup/v1): which files it has, with their lengths and hashes, and what they
// are of. A backup whose files are not exactly those is not restored.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

export const backupFormat = 'stabledoor/backup/v1';
export const manifestName = 'backup.json';
/** In a folder of its own, with a manifest of its own, so that it can be kept elsewhere and for a shorter time. */
export const subjectKeysFolder = 'subject-keys';
/** Backups of householders' keys are kept no longer: an erasure must not be undone by one. */
export const subjectKeysDays = 30;

const name = z.string().regex(/^[a-z_0-9]{1,63}\.[a-z_0-9]{1,63}$/, 'schema.table');
const relativePath = z
  .string()
  .regex(/^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_.-]+){0,3}$/, 'a path within the backup');
const file = z.strictObject({
  path: relativePath,
  bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const database = z.strictObject({
  migrations: z
    .array(z.string().regex(/^[0-9]{4}-[a-z0-9-]+$/))
    .min(1)
    .max(1000),
  tables: z
    .array(
      z.strictObject({
        table: name,
        columns: z
          .array(z.string().regex(/^[a-z_0-9]{1,63}$/))
          .min(1)
          .max(200),
        rows: z.number().int().nonnegative(),
        path: relativePath,
      }),
    )
    .max(1000),
  sequences: z.array(z.strictObject({ sequence: name, lastValue: z.number().int() })).max(1000),
});
const manifest = z.strictObject({
  format: z.literal(backupFormat),
  mode: z.enum(['production', 'sandbox', 'demo']),
  /** Milliseconds since 1970, by the machine that made it. */
  made_ms: z.number().int().nonnegative(),
  databases: z.partialRecord(z.enum(['broker', 'meter-store', 'subject-keys']), database),
  files: z.array(file).max(5000),
});
export type BackupManifest = z.infer<typeof manifest>;
export type DumpedDatabase = z.infer<typeof database>;
export type BackupFile = z.infer<typeof file>;

export class BackupFault extends Error {
  override readonly name = 'BackupFault';
}

const longestManifest = 4_000_000;

/** Errors: BackupFault: there is none, it is of another format, or a file is not the one that was written. */
export async function openBackup(folder: string): Promise<BackupManifest> {
  const path = join(folder, manifestName);
  const found = await lstat(path).catch(() => null);
  if (!found?.isFile() || found.size > longestManifest)
    throw new BackupFault(`there is no backup in ${folder}: it has no ${manifestName}`);
  const parsed = manifest.safeParse(jsonOf(await readFile(path, 'utf8')));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BackupFault(`${path} is not of ${backupFormat}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  for (const one of parsed.data.files) await compare(folder, one);
  return parsed.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function compare(folder: string, { path, bytes, sha256 }: BackupFile): Promise<void> {
  const found = await lstat(join(folder, path)).catch(() => null);
  if (!found?.isFile()) throw new BackupFault(`${path} is missing from the backup`);
  if (found.size !== bytes || (await hashOf(join(folder, path))) !== sha256)
    throw new BackupFault(`${path} is not the file that was written: the backup was changed or damaged`);
}

export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
