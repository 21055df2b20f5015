// The fields that entry bodies are made of, each with its exact form and its limit.
// Integers, well-formed strings and arrays only: no two programs may read one entry in two ways.
import { z } from 'zod';

// The prefixes are those of lib/ids.ts, which makes ids and so needs node:crypto; this file must run in a browser.
export const id = (prefix: 'client' | 'consent' | 'mp' | 'operator' | 'order' | 'proposal' | 'supply') =>
  z.string().regex(new RegExp(`^${prefix}_[A-Za-z0-9_-]{22}$`));
export const thirdParty = id('client');
export const consentRef = id('consent');
export const meterRef = id('mp');
export const orderRef = id('order');
export const supplyRef = id('supply');

export const requestId = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'a UUID in lower case');
export const actor = z.enum(['broker', 'householder', 'third-party', 'operator']);

/** 32 bytes in base64: a commitment, a digest. Exactly what an encoder writes. */
export const hash = z.string().regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'base64 of 32 bytes');
/** RFC 7638 thumbprint of a DPoP key (RFC 9449, section 6.1). */
export const jkt = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'a JWK SHA-256 thumbprint');
export const tokenId = z.string().regex(/^[A-Za-z0-9_.~+/=:-]{1,128}$/);
/** `<store start>/<n>`: the number that the meter store itself gave a read. */
export const storeRead = z.string().regex(/^[A-Za-z0-9_.:+-]{1,64}\/(0|[1-9][0-9]{0,14})$/);

/** A word of the domain: purpose, class. Lists of them belong to the policy, which may grow without this file. */
export const word = z
  .string()
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
  .max(64);
/** What a third party may do in its own name, such as `consents:read`. */
export const scope = z
  .string()
  .regex(/^[a-z][a-z0-9_:.-]*$/)
  .max(64);
/** A reason as the API answers it. */
export const reasonCode = z
  .string()
  .regex(/^[a-z][a-z0-9_]*$/)
  .max(64);

// Control characters would let one line of a report pass for two.
const CONTROL = /\p{Cc}/u;
export const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => text.isWellFormed() && !CONTROL.test(text), 'one line of well-formed text');

/** Base64 of a signed note (C2SP signed-note), which has lines of its own. */
export const encodedNote = z
  .string()
  .min(4)
  .max(20_000)
  .regex(/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'base64 of a note');

export const wholeNumber = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
export const version = z.number().int().positive().max(1_000_000);
export const seconds = wholeNumber;

/** Coarsest first. */
export const resolutions = ['P1M', 'P1D', 'PT1H', 'PT30M'] as const;
export type Resolution = (typeof resolutions)[number];
export const resolution = z.enum(resolutions);
/** Whether readings at `a` say no more than readings at `b` do. */
export const isNoFiner = (a: Resolution, b: Resolution): boolean =>
  resolutions.indexOf(a) <= resolutions.indexOf(b);

export const register = z.enum(['import', 'export', 'generation']);

/** Days since 1970-01-01 of a local date, or null if there is no such day. */
export function dayNumber(date: string): number | null {
  const known = knownDays.get(date);
  if (known !== undefined) return known;
  const number = countDays(date);
  if (knownDays.size >= 20_000) knownDays.clear();
  knownDays.set(date, number);
  return number;
}

/** Windows of a log are made of few dates, and each is asked for several times. */
const knownDays = new Map<string, number | null>();

function countDays(date: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return null;
  const year = Number(date.slice(0, 4));
  const month = Number(date.slice(5, 7));
  const day = Number(date.slice(8));
  if (year < 1900 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  return Date.UTC(year, month - 1, day) / 86_400_000;
}
const daysInMonth = (year: number, month: number): number =>
  month === 2 ? (isLeapYear(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
const isLeapYear = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
export const localDate = z.string().refine((date) => dayNumber(date) !== null, 'a date such as 2026-01-31');

/** ISO dates of one length: the order of the letters is the order of the days. */
const inOrder = (from: string, end: string): boolean => from < end;
/** What a consent covers: `until` is the first local day not shared. */
export const consentWindow = z
  .strictObject({ from: localDate, until: localDate })
  .refine(({ from, until }) => inOrder(from, until), 'a window ends after it begins');
/** What a read asks for: `to` is the first local day not answered. */
export const readWindow = z
  .strictObject({ from: localDate, to: localDate })
  .refine(({ from, to }) => inOrder(from, to), 'a window ends after it begins');

const isSet = (items: readonly string[]): boolean => new Set(items).size === items.length;
/** An array that says nothing twice. */
export const setOf = <Item extends z.ZodType<string>>(item: Item, max: number, min = 1) =>
  z.array(item).min(min).max(max).refine(isSet, 'nothing stands twice');

const FIELD_NAME = /^[a-z][a-z0-9_]{0,63}$/;
export const fieldName = z.string().regex(FIELD_NAME);
export const isFieldName = (name: string): boolean => FIELD_NAME.test(name);
/** Salted commitments by field (see commitment.ts): the named ones must stand there, others may. */
export function commitments<const Name extends string>(...names: Name[]) {
  const required = Object.fromEntries(names.map((name) => [name, hash])) as Record<Name, typeof hash>;
  return z
    .object(required)
    .catchall(hash)
    .refine((fields) => {
      const keys = Object.keys(fields);
      return keys.length >= 1 && keys.length <= 32 && keys.every(isFieldName);
    }, 'from 1 to 32 fields with lower-case names');
}
