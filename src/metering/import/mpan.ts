// The check digit of a GB meter point number (MPAN core): it catches a mistyped digit. A failing one warns and no
// more, because real files carry numbers that fail it.

const weights = [3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43];

/** The thirteenth digit for the first twelve: weighted sum, mod 11, mod 10. */
export function mpanCheckDigit(firstTwelve: string): number {
  let sum = 0;
  for (const [i, weight] of weights.entries()) sum += weight * Number(firstTwelve[i]);
  return (sum % 11) % 10;
}

/** Null where nothing is to be said. Only numbers of 13 digits are taken for MPANs. */
export function mpanWarning(meterPoint: string): string | null {
  if (!/^\d{13}$/.test(meterPoint)) return null;
  const expected = mpanCheckDigit(meterPoint.slice(0, 12));
  if (expected === Number(meterPoint[12])) return null;
  return `${meterPoint} fails the check digit of a GB meter point number (it should end in ${expected}); taken as given.`;
}

/** A number that passes the check and that no network operator can have issued: distributors are 10 to 39. */
export function syntheticMpan(n: number): string {
  const twelve = `99${String(n).padStart(10, '0')}`;
  return `${twelve}${mpanCheckDigit(twelve)}`;
}
