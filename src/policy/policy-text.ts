// The policy files of a folder as one text, and the digest that ledger entries name it by.
// The digest must change with any byte of any file, and with nothing else.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeBase64 } from '../lib/base64.ts';

export interface PolicyText {
  /** Cedar schema, in Cedar's own syntax. */
  readonly schema: string;
  /** The policy files by name, in the order of their names. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** Every file, each after a line `==> NAME (N bytes) <==`, the length so that no text can pass for two files. */
  readonly text: string;
  /** Base64 of the SHA-256 of `text` in UTF-8: `openssl dgst -sha256 -binary | base64` gives the same. */
  readonly digest: string;
}

const schemaName = 'schema.cedarschema';
const maxFileBytes = 256 * 1024;

/** Reads `schema.cedarschema` and every `*.cedar` of `dir`; rejects with one line when there is none of either. */
export async function readPolicyText(dir: string): Promise<PolicyText> {
  const present = await readdir(dir);
  const names = present.filter((name) => name.endsWith('.cedar') || name === schemaName).sort();
  if (!names.includes(schemaName)) throw new Error(`${dir} holds no ${schemaName}`);
  if (names.length < 2) throw new Error(`${dir} holds no policy (*.cedar)`);
  const all = await Promise.all(names.map(async (name) => ({ name, text: await readOne(dir, name) })));
  return policyTextOf(all);
}

/** The files of a published text again. Throws where it is no such text. */
export function parsePolicyText(text: string): PolicyText {
  const files: { name: string; text: string }[] = [];
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    const end = rest.indexOf('\n');
    const heading = /^==> ([^\n]+) \((\d+) bytes\) <==$/.exec(rest.subarray(0, Math.max(0, end)).toString());
    const size = Number(heading?.[2]);
    if (!heading?.[1] || rest.length < end + 1 + size)
      throw new Error('the text is no published policy text');
    files.push({ name: heading[1], text: rest.subarray(end + 1, end + 1 + size).toString() });
    rest = rest.subarray(end + 1 + size);
  }
  return policyTextOf(files);
}

function policyTextOf(all: readonly { readonly name: string; readonly text: string }[]): PolicyText {
  const text = all
    .map((file) => `==> ${file.name} (${Buffer.byteLength(file.text)} bytes) <==\n${file.text}`)
    .join('');
  return {
    schema: all.find((file) => file.name === schemaName)?.text ?? '',
    files: all.filter((file) => file.name !== schemaName),
    text,
    digest: encodeBase64(createHash('sha256').update(text, 'utf8').digest()),
  };
}

async function readOne(dir: string, name: string): Promise<string> {
  const bytes = await readFile(join(dir, name));
  if (bytes.length > maxFileBytes) throw new Error(`${join(dir, name)} is larger than ${maxFileBytes} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error(`${join(dir, name)} is not UTF-8`);
  }
}
