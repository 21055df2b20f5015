// Exports of a log with tags and maps of them: one that holds, and one whose map was made as if the newest entry of a
// household were not there.

import { utf8 } from '../../src/ledger/crypto.ts';
import type { ExportLine } from '../../src/ledger/export-format.ts';
import { leafHash } from '../../src/ledger/merkle.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { encodeBase64 } from '../../src/lib/base64.ts';
import { drafts, entriesOf, exportOf, honest, type Step } from './small-log.ts';
import { modelMap } from './tag-model.ts';
import { fromBase64 } from './vectors.ts';

export const tagOf = (number: number): string => encodeBase64(sha256(utf8(`tag ${number}`)));

const published = (size: number, root: string): Step => ({
  draft: { ...drafts['map.published'], size, root },
});
const linked = (number: number): Step => ({ draft: drafts['meter-point.linked'], stag: tagOf(number) });

/** Honest entries, then ten tags, a map, ten more, and a second map; `without` is the entry that it hides. */
function mappedLog(without: number | null): ExportLine[] {
  const steps: Step[] = [...honest, ...Array.from({ length: 10 }, (_, i) => linked(i))];
  steps.push(published(18, rootOf(steps, 18, null)));
  steps.push(...Array.from({ length: 6 }, (_, i) => linked(10 + i)));
  steps.push(published(24, rootOf(steps, 24, without)));
  return exportOf(entriesOf(steps));
}

function rootOf(steps: readonly Step[], size: number, without: number | null): string {
  const tagged = entriesOf(steps).flatMap((text, index) => {
    const stag = steps[index]?.stag;
    if (stag === undefined || index === without) return [];
    return [{ index, tag: fromBase64(stag), leaf: leafHash(utf8(text), sha256) }];
  });
  return encodeBase64(modelMap(tagged, size, 1_048_576));
}

export const mapped = { holding: mappedLog(null), withholding: mappedLog(23) };
