// Turns a value as a file writes it into whole watt-hours or litres, exactly: decimal digits and powers of ten are
// never made floats. Rounded half up; the caller keeps what the file said where there was a fraction.
import type { Unit } from '../reading.ts';

/** A unit of a file as a fraction of ours. */
export interface Scale {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export const largestReading = 2 ** 31 - 1;

const scaleOf = (numerator: bigint, denominator = 1n): Scale => ({ numerator, denominator });

// ESPI UnitSymbol codes (NAESB REQ.21): 72 Wh, 42 m³, 119 ft³ (28.316846592 dm³ exactly), 134 litre.
const scales: Readonly<Record<Unit, Readonly<Record<string, Scale>>>> = {
  Wh: { 72: scaleOf(1n) },
  dm3: { 42: scaleOf(1000n), 119: scaleOf(28_316_846_592n, 1_000_000_000n), 134: scaleOf(1n) },
};

/** Null where a unit of the file cannot be turned into `unit`. */
export const espiScale = (uom: string, unit: Unit): Scale | null => scales[unit][uom] ?? null;

export type Quantity =
  | { readonly value: number; readonly fraction: boolean }
  | 'malformed'
  | 'negative'
  | 'too-large';

/** `text` times `10^powerOfTen`, in our unit. */
export function wholeQuantity(text: string, powerOfTen: number, scale: Scale): Quantity {
  const match = /^([+-]?)(\d{1,18})(?:\.(\d{1,12}))?$/.exec(text);
  if (match === null) return 'malformed';
  const [, sign, whole = '', decimals = ''] = match;
  const digits = BigInt(whole + decimals);
  if (digits === 0n) return { value: 0, fraction: false };
  if (sign === '-') return 'negative';
  const exponent = powerOfTen - decimals.length;
  const numerator = digits * scale.numerator * (exponent > 0 ? 10n ** BigInt(exponent) : 1n);
  const denominator = scale.denominator * (exponent < 0 ? 10n ** BigInt(-exponent) : 1n);
  const rounded = (2n * numerator + denominator) / (2n * denominator);
  if (rounded > BigInt(largestReading)) return 'too-large';
  return { value: Number(rounded), fraction: numerator % denominator !== 0n };
}
