// The entry that is written most, a disclosure, read from its canonical text by one expression: ten times as fast as JSON and
// a schema. Whatever it does not match is left to the schema; what it matches, the schema takes too, and reads the same.
import { z } from 'zod';
import type { EntryOf } from './entry-body.ts';
import {
  consentRef,
  dayNumber,
  hash,
  jkt,
  meterRef,
  type Resolution,
  reasonCode,
  register,
  requestId,
  resolutions,
  storeRead,
  thirdParty,
  word,
} from './entry-field.ts';

type Disclosure = Extract<EntryOf<'disclosure'>, { basis: 'consent' }>;

/** The pattern that a schema has, without its ends and without groups of its own. */
function patternOf(schema: z.ZodType): string {
  const { pattern } = z.toJSONSchema(schema) as { pattern?: string };
  if (pattern === undefined) throw new TypeError('a field without a pattern');
  return pattern.replace(/^\^|\$$/g, '').replace(/\((?!\?)/g, '(?:');
}
const text = (schema: z.ZodType) => `"(${patternOf(schema)})"`;
const choice = (...words: readonly string[]) => `"(${words.join('|')})"`;
const NUMBER = '(0|[1-9][0-9]{0,14})';
const DATE = '"([0-9]{4}-[0-9]{2}-[0-9]{2})"';
const REASONS = `((?:"${patternOf(reasonCode)}"(?:,"${patternOf(reasonCode)}")*)?)`;
const ACTORS = ['broker', 'householder', 'third-party', 'operator'] as const;
const REGISTERS = register.options;

const DISCLOSURE = new RegExp(
  [
    `^\\{"actor":${choice(...ACTORS)},"basis":"consent"`,
    `"commit":\\{(?:"facts":${text(hash)},)?"meter_point":${text(hash)},"proof":${text(hash)},"readings":${text(hash)}\\}`,
    `"consent_ref":${text(consentRef)}`,
    `"count":${NUMBER}`,
    '"decision":"allowed"',
    `"jkt":${text(jkt)}`,
    '"kind":"disclosure"',
    `"meter_ref":${text(meterRef)}`,
    `"policy":${text(hash)}`,
    `"purpose":${text(word)}`,
    `"reasons":\\[${REASONS}\\]`,
    `"register":${choice(...REGISTERS)}`,
    `"req":${text(requestId)}`,
    `"resolution":${choice(...resolutions)}(?:,"store_read":${text(storeRead)})?`,
    `"third_party":${text(thirdParty)}`,
    `"version":${NUMBER}`,
    `"window":\\{"from":${DATE},"to":${DATE}\\}\\}$`,
  ].join(','),
);

/** Null: ask the schema. */
export function quickDisclosure(body: string): Disclosure | null {
  // The most that the fields below can take; longer ones have longer words.
  if (body.length > 1300) return null;
  const found = DISCLOSURE.exec(body);
  if (found === null) return null;
  const [, actor, facts, meterPoint, proof, readings, consent_ref, count, key, meter_ref, policy, purpose] =
    found as unknown as string[];
  const [reasons, register, req, resolution, store_read, third_party, version, from, to] = found.slice(
    12,
  ) as string[];
  const versionNumber = Number(version);
  const [first, last] = [dayNumber(from as string), dayNumber(to as string)];
  const isOdd =
    versionNumber < 1 ||
    versionNumber > 1_000_000 ||
    first === null ||
    last === null ||
    first >= last ||
    (purpose as string).length > 64;
  const said = isOdd ? null : reasonsOf(reasons as string);
  if (said === null) return null;
  const disclosure = {
    kind: 'disclosure',
    req: req as string,
    actor: actor as Disclosure['actor'],
    basis: 'consent',
    third_party: third_party as string,
    consent_ref: consent_ref as string,
    version: versionNumber,
    meter_ref: meter_ref as string,
    purpose: purpose as string,
    resolution: resolution as Resolution,
    register: register as Disclosure['register'],
    window: { from: from as string, to: to as string },
    count: Number(count),
    decision: 'allowed',
    reasons: said,
    policy: policy as string,
    jkt: key as string,
    commit: {
      ...(facts === undefined ? {} : { facts }),
      meter_point: meterPoint as string,
      proof: proof as string,
      readings: readings as string,
    },
  } satisfies Disclosure;
  return store_read === undefined ? disclosure : { ...disclosure, store_read };
}

/** One at most: of more, the schema knows whether two are the same. */
function reasonsOf(list: string): string[] | null {
  if (list === '') return [];
  if (list.includes(',') || list.length > 66) return null;
  return [list.slice(1, -1)];
}
