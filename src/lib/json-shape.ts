// How deep and how manifold a JSON text is, seen before it is parsed, so that a small text cannot become a large tree.

export const deepestJson = 20;
export const mostJsonValues = 5000;

/** One pass over the characters outside strings. A text that is not JSON at all is left to the parser. */
export function fitsJsonLimits(text: string): boolean {
  let depth = 0;
  let values = 1;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character === quote) i = endOfString(text, i);
    else if (character === openObject || character === openArray) {
      depth++;
      values++;
    } else if (character === closeObject || character === closeArray) depth--;
    else if (character === comma) values++;
    if (depth > deepestJson || values > mostJsonValues) return false;
  }
  return true;
}

const [quote, backslash, comma, openObject, closeObject, openArray, closeArray] = [...'"\\,{}[]'].map((one) =>
  one.charCodeAt(0),
);

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character === backslash) i++;
    else if (character === quote) return i;
  }
  return text.length;
}
