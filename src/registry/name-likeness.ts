// Which names a third party may be shown by, and whether one can be taken for another. Two names with the same likeness look
// alike to somebody who reads them on a page; the registry has each likeness for one company only.

/**
 * Letters of the Latin script as names of companies use them, digits, and plain marks. Another script has letters that look
 * like these, and its own would need the whole table of what looks alike (UTS 39): it is transliterated instead.
 */
const nameCharacters = /^[A-Za-z0-9À-ÖØ-öø-ķĹ-ňŊ-žȘ-țẀ-ẅỲỳ &'’.,()/+!:;@#%*"“”£$€?_–-]+$/u;

/** Null where a name may be shown, else why not, in words. */
export function nameFault(name: string): string | null {
  if (!nameCharacters.test(name)) return 'has a letter or mark that a name here is not written with';
  return wordsOf(name).every((word) => legalForms.has(word))
    ? 'has no word of its own ("the", "Ltd" and the like tell one company from no other)'
    : null;
}

// What NFKD does not take apart.
const letters: Readonly<Record<string, string>> = {
  ...{ ø: 'o', đ: 'd', ð: 'd', ħ: 'h', ı: 'l', ł: 'l', ŀ: 'l', ŧ: 't', ŋ: 'n', þ: 'p' },
  ...{ ß: 'ss', æ: 'ae', œ: 'oe', ĳ: 'ij', '&': ' and ', '+': ' and ' },
  ...{ i: 'l', '1': 'l', '!': 'l', '0': 'o', '5': 's', $: 's', '@': 'a', '€': 'e', '£': 'l' },
};

/** What says only of what legal form a company is, or where. As `letters` leaves them. */
const legalForms = new Set(
  [
    'the',
    'ltd',
    'limited',
    'plc',
    'llp',
    'lp',
    'cic',
    'cio',
    'inc',
    'co',
    'company',
    'cyf',
    'cyfyngedig',
    'uk',
    'gb',
  ].map((word) => word.replaceAll('i', 'l')),
);

function wordsOf(name: string): string[] {
  const plain = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/./gsu, (letter) => letters[letter] ?? letter)
    // An apostrophe or a dot is within a word: "p.l.c." is "plc".
    .replaceAll(/['’.]/g, '');
  return plain.split(/[^a-z0-9]+/).filter((word) => word !== '');
}

/** Small letters and digits without accents, spaces, marks and legal form; what looks alike is one and the same. */
export function likenessOf(name: string): string {
  const words = wordsOf(name);
  const telling = words.filter((word) => !legalForms.has(word));
  return (telling.length > 0 ? telling : words).join('').replaceAll('rn', 'm').replaceAll('vv', 'w');
}
