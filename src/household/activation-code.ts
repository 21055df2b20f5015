// A code that is posted to a home: whoever enters it has shown that they get its post. 80 random bits, kept as a hash,
// spent once, over after four weeks, and for one household alone where it was asked for by one.
import { createHash, randomInt } from 'node:crypto';
import type { Database } from '../db/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { StabledoorError } from '../lib/errors.ts';
import type { HouseholdId } from '../lib/ids.ts';
import type { LocalDate } from '../lib/local-date.ts';
import { parseEmailAddress } from './email-address.ts';
import { findMeterPoint, lockName } from './household-store.ts';
import { withAccount } from './households.ts';
import { insertActivationCode } from './link-store.ts';
import type { MeterPoint } from './meter-point.ts';

export const activationLifetimeSeconds = 28 * 86_400;

/** Crockford's base 32: no letter that looks like a number. */
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const codeLength = 16;

const newCode = (): string =>
  Array.from({ length: codeLength }, () => letters[randomInt(letters.length)]).join('');

/** As it is printed: four letters at a time. */
const printed = (code: string): string => code.replace(/(.{4})(?=.)/g, '$1-');

/** What somebody typed, as it was made; null where it cannot be one. */
export function parseActivationCode(text: string): string | null {
  const code = text
    .slice(0, 100)
    .toUpperCase()
    .replace(/[\s-]/g, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
  return code.length === codeLength && [...code].every((letter) => letters.includes(letter)) ? code : null;
}

export const activationCodeHash = (code: string): Buffer =>
  createHash('sha256').update(`stabledoor/activation/v1\n${code}`).digest();

export interface AskedCode {
  readonly mpan: string;
  /** Whose account it is for, which is made where there is none; null: for whoever gets the letter. */
  readonly email: string | null;
  /** The first local day that is theirs; null: the day on which it is entered. */
  readonly from: LocalDate | null;
}

export interface MadeCode {
  /** In groups of four. It is shown here and never again. */
  readonly code: string;
  readonly meterPoint: MeterPoint;
  readonly householdId: HouseholdId | null;
  readonly expiresAt: Date;
}

/** For an operator to print and post. Errors: `invalid_request` for an address or a meter point that is not known. */
export async function makeActivationCode(
  { db, ledger }: { readonly db: Database; readonly ledger: Ledger },
  { mpan, email, from }: AskedCode,
): Promise<MadeCode> {
  const address = email === null ? null : parseEmailAddress(email);
  if (email !== null && address === null)
    throw new StabledoorError('invalid_request', 'email: not an e-mail address');
  const meterPoint = await findMeterPoint(db, mpan);
  if (meterPoint === null)
    throw new StabledoorError('invalid_request', `${mpan} is not known: add it with household add first.`);
  const householdId =
    address === null ? null : await withAccount({ db, ledger }, address, async (_tx, id) => id);
  const code = newCode();
  const { meterPointId } = meterPoint;
  const expiresAt = await db.transaction().execute(async (tx) => {
    await lockName(tx, mpan);
    return insertActivationCode(tx, {
      ...{ codeHash: activationCodeHash(code), meterPointId, householdId, from },
      lifetimeSeconds: activationLifetimeSeconds,
    });
  });
  return { code: printed(code), meterPoint, householdId, expiresAt };
}
