// The words that no householder's page says: each is a promise we cannot keep, or a push.

const forbidden: readonly RegExp[] = [
  /anonym/i,
  /\bsecure(ly)?\b/i,
  /\bsafe(ly|ty)?\b/i,
  /\btrust(ed|worthy)?\b/i,
  /approved by/i,
  /\brequired?\b/i,
  /\bneeded\b/i,
  /\brecommend/i,
  /most people/i,
  /you will save/i,
  /only month/i,
  /cannot show/i,
  /\bcomplete(ly)?\b/i,
  /every access/i,
  /nobody else/i,
  /deleted everywhere/i,
  /\bundo\b/i,
  /are you sure/i,
  /you may lose/i,
  /\b\d+ (seconds|minutes|hours|days) left\b/i,
  /(other|else|another) (person|people|occupier).{0,20} shar(e|es|ing)/i,
];

export const forbiddenWordsIn = (text: string): string[] =>
  forbidden.flatMap((pattern) => pattern.exec(text)?.[0] ?? []);
