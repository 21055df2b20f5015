// Whether a map of tags shows that a household has no entry behind those of its file: that the map is one that can be, that the
// spans are those it stands for, and that in each the way to the household's next tag ends where no such tag is.
import { decodeBase64, encodeBase64 } from '../lib/base64.ts';
import type { ChainFile } from './chain-file.ts';
import { type Sha256, sameBytes } from './crypto.ts';
import { isAbsent, MAP_SPAN, mapRoot, spanCount } from './tag-map.ts';

/** What `map.published` says, and where it stands in the log. */
export interface PublishedMap {
  readonly index: number;
  readonly size: number;
  readonly root: string;
}

export interface AbsenceFault {
  readonly kind: 'map_invalid' | 'entry_withheld' | 'absence_not_shown';
  readonly message: string;
}

type Spans = NonNullable<ChainFile['absence']>['spans'];

const bytesOf = (text: string): Uint8Array => decodeBase64(text) as Uint8Array;

/** Null where the tag is shown to be absent among the first `map.size` entries. `tag` is of 32 bytes. */
export function absenceFault(
  map: PublishedMap,
  spans: Spans,
  tag: Uint8Array,
  { sha256, span = MAP_SPAN }: { readonly sha256: Sha256; readonly span?: number },
): AbsenceFault | null {
  // A map knows the entries before its own: of one that says more, nothing follows for those.
  if (map.size > map.index)
    return { kind: 'map_invalid', message: `a map at entry ${map.index} cannot cover ${map.size} entries` };
  const roots = spans.map(({ root }) => bytesOf(root));
  const isMap =
    roots.length === spanCount(map.size, span) && encodeBase64(mapRoot(roots, sha256)) === map.root;
  if (!isMap) return { kind: 'map_invalid', message: 'the roots of the spans are not those of the map' };
  const held = spans.find(({ siblings, found }, i) => {
    const path = {
      siblings: siblings.map(bytesOf),
      found: found === null ? null : { tag: bytesOf(found.tag), leaf: bytesOf(found.leaf) },
    };
    return !isAbsent(tag, path, roots[i] as Uint8Array, sha256);
  });
  if (held === undefined) return null;
  if (held.found !== null && sameBytes(bytesOf(held.found.tag), tag))
    return {
      kind: 'entry_withheld',
      message: 'the log has an entry of the household that is not in this file',
    };
  return { kind: 'absence_not_shown', message: 'a way does not lead to where the next tag would stand' };
}
