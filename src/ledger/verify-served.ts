// A tree that is served, made anew and held against the checkpoint that is published and against those that were kept.
import type { Checkpoint } from './checkpoint.ts';
import { sameBytes } from './crypto.ts';
import { isServed, type RebuildRequest, rebuildTree, type TileViolation } from './verify-tiles.ts';

export interface UrlViolation {
  readonly index: number | null;
  readonly kind:
    | TileViolation['kind']
    | 'checkpoint_invalid'
    | 'checkpoint_root'
    | 'log_shortened'
    | 'quorum_not_met';
  readonly message: string;
}

/** Where more tiles than this would have to be read, a log can only be verified by its export. */
export const MAX_ENTRIES_BY_URL = 2 ** 28;

export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

export function refuseTooLarge(size: number): void {
  if (size > MAX_ENTRIES_BY_URL) throw new TooLarge(`the log has ${size} entries: verify an export of it`);
}

export interface SeenCheckpoint extends Checkpoint {
  /** By a witness whose key the caller brought. */
  readonly isCosigned: boolean;
}

type Tiles = Pick<RebuildRequest, 'fetchTile' | 'sha256' | 'onProgress'>;

export async function compareTree(
  published: SeenCheckpoint,
  pinned: readonly SeenCheckpoint[],
  served: Tiles,
): Promise<{
  readonly tiles: number;
  readonly compared: readonly number[];
  readonly violations: readonly UrlViolation[];
}> {
  const { size, root } = published;
  const ahead = pinned.filter((one) => isAhead(one, published));
  const whole = await servedSize(size, ahead, served.fetchTile);
  const held = pinned.filter((one) => one.size <= (ahead.includes(one) ? whole : size));
  const sizes = held.map((one) => one.size);
  const tree = await rebuildTree({ size: whole, sizes: [...sizes, size], ...served });
  const violations: UrlViolation[] = [...tree.violations];
  for (const one of pinned) {
    const made = tree.roots.get(one.size);
    if (!held.includes(one)) violations.push(shortened(one, published));
    else if (made !== undefined && !sameBytes(made, one.root))
      violations.push(otherRoot(one.size, 'a checkpoint that was kept'));
  }
  const made = tree.roots.get(size);
  if (made !== undefined && !sameBytes(made, root)) violations.push(otherRoot(size, 'its own checkpoint'));
  return { tiles: tree.tiles, compared: sizes.filter((one) => tree.roots.has(one)), violations };
}

/**
 * A log publishes what its witnesses have cosigned, and a checkpoint that was kept may be of a moment later: for good, where the
 * log was closed before they saw it. Without a witness to show it, a log that publishes less than it signed has taken it back.
 */
const isAhead = (pinned: SeenCheckpoint, published: SeenCheckpoint): boolean =>
  pinned.size > published.size && published.isCosigned && !pinned.isCosigned;

/** The largest of these sizes that the tiles reach, or that of the published checkpoint. */
async function servedSize(
  size: number,
  ahead: readonly Checkpoint[],
  fetchTile: Tiles['fetchTile'],
): Promise<number> {
  for (const one of ahead.toSorted((a, b) => b.size - a.size))
    if (await isServed(fetchTile, one.size)) {
      refuseTooLarge(one.size);
      return one.size;
    }
  return size;
}

function shortened(kept: Checkpoint, { size, isCosigned }: SeenCheckpoint): UrlViolation {
  const hint = isCosigned ? '' : '; if its witnesses have cosigned no more so far, bring their keys';
  const message = `it had ${kept.size} entries, by a checkpoint that was kept, and shows ${size}${hint}`;
  return { index: size, kind: 'log_shortened', message };
}

const otherRoot = (size: number, whose: string): UrlViolation => ({
  index: null,
  kind: 'checkpoint_root',
  message: `the first ${size} hashes of its tiles do not give the root of ${whose}`,
});
