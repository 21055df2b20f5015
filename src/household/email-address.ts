// An e-mail address in the one form in which it is kept and compared. Pure.
// Lenient about what a mailbox may be called, strict about what could carry a second header or a second address.

/** Trimmed and in lower case; null unless it is one plausible address. */
export function parseEmailAddress(text: string): string | null {
  const email = text.trim().toLowerCase();
  if (email.length > 254 || !email.isWellFormed()) return null;
  return /^[^\s@,;:<>()[\]\\"\p{C}]{1,64}@[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/u.test(email) ? email : null;
}
