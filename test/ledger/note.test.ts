// Signed notes against the vectors of C2SP and Go, and against every way of writing one wrongly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { decodeNote, openNote, splitNote } from '../../src/ledger/note.ts';
import { formatSignerKey, noteSigner, parseSignerKey } from '../../src/ledger/note-signer.ts';
import { NoteError, parseVerifierKey, type VerifierKey } from '../../src/ledger/verifier-key.ts';
import { vectors } from './vectors.ts';

interface NoteVectors {
  readonly c2sp: { readonly key: string; readonly note: string };
  readonly go: {
    readonly signerKey: string;
    readonly key: string;
    readonly text: string;
    readonly signature: string;
    readonly secondKey: string;
    readonly secondSignature: string;
  };
  readonly cosignerKey: string;
}
const { c2sp, go, cosignerKey } = vectors<NoteVectors>('notes');
const key = (text: string): VerifierKey => parseVerifierKey(text, sha256);
const open = (note: string, ...known: string[]) => openNote(note, known.map(key), nodeCrypto);
const neumann = `${go.text}\n${go.signature}`;
const both = neumann + go.secondSignature;
const refused = (note: string, why: RegExp, ...known: string[]) =>
  assert.rejects(open(note, ...(known.length > 0 ? known : [go.key])), (error) => {
    assert.ok(error instanceof NoteError);
    assert.match(error.message, why);
    return true;
  });

test('the note of the C2SP specification opens', async () => {
  const note = await open(c2sp.note, c2sp.key);
  assert.equal(note.text, 'This is an example message.\n');
  assert.deepEqual(
    note.signatures.map((signature) => signature.key.name),
    ['example.com/foo'],
  );
});

test('the note of the Go test suite opens with either signer known, and with both', async () => {
  assert.equal((await open(neumann, go.key)).text, go.text);
  assert.deepEqual((await open(both, go.key)).signatures.length, 1);
  assert.deepEqual((await open(both, go.secondKey)).signatures.length, 1);
  assert.deepEqual((await open(both, go.key, go.secondKey)).signatures.length, 2);
});

test('the Go signer key signs to the published bytes', () => {
  const signer = parseSignerKey(go.signerKey);
  assert.equal(signer.key.text, go.key);
  assert.equal(signer.signNote(go.text), neumann);
});

test('a signer key survives its text form and is refused when bent', () => {
  const seed = new Uint8Array(32).fill(1);
  const text = formatSignerKey('broker.example/audit', seed);
  assert.equal(parseSignerKey(text).key.text, noteSigner('broker.example/audit', seed).key.text);
  for (const bent of [text.slice(0, -4), text.replace('broker', 'broken'), `${text}AAAA`, ''])
    assert.throws(() => parseSignerKey(bent), NoteError);
});

test('a cosigner key parses with the id that its owner published', () => {
  assert.equal(key(cosignerKey).type, 4);
  assert.equal(key(cosignerKey).text, cosignerKey);
});

test('a verifier key with any letter changed, or any piece of it, is refused', () => {
  for (let i = 0; i < go.key.length; i++) {
    const bent = go.key.slice(0, i) + String.fromCharCode(go.key.charCodeAt(i) + 1) + go.key.slice(i + 1);
    assert.throws(() => key(bent), NoteError, bent);
    for (let j = i; j <= go.key.length; j++)
      if (j - i < go.key.length) assert.throws(() => key(go.key.slice(i, j)), NoteError);
  }
});

test('a verifier key of a wrong length or an unknown type is refused though its id is right', () => {
  const longer = Uint8Array.of(...key(go.key).publicKey, 7);
  for (const [type, publicKey] of [
    [1, longer],
    [0x65, key(go.key).publicKey],
  ] as const) {
    const bytes = Uint8Array.of(type, ...publicKey);
    const id = Buffer.from(sha256(Buffer.concat([Buffer.from('PeterNeumann\n'), bytes]))).toString(
      'hex',
      0,
      4,
    );
    assert.throws(() => key(`PeterNeumann+${id}+${Buffer.from(bytes).toString('base64')}`), NoteError);
  }
});

test('a known key whose signature fails refuses the whole note, though another one is valid', async () => {
  const bent = go.signature.replace('ZJku', 'ZJkv');
  await refused(`${go.text}\n${bent}${go.secondSignature}`, /not valid/, go.key, go.secondKey);
  await refused(both.replace('problem', 'Problem'), /not valid/, go.key, go.secondKey);
});

test('a note that no known key signed is refused', async () => {
  await refused(neumann, /no known key/, go.secondKey);
  await assert.rejects(open(neumann), NoteError);
  // One letter of the key id: the line becomes that of a stranger.
  await refused(neumann.replace('x08go', 'x09go'), /no known key/);
});

test('signatures of strangers are passed over', async () => {
  const strange = '\u2014 stranger AAAAAAAA\n';
  assert.equal((await open(`${go.text}\n${strange}${go.signature}`, go.key)).signatures.length, 1);
  assert.equal((await open(`${neumann}${strange}`, go.key)).signatures.length, 1);
});

test('one key that signs twice counts once, and both of its lines must hold', async () => {
  assert.equal((await open(neumann + go.signature, go.key)).signatures.length, 1);
  await refused(neumann + go.signature.replace('ZJku', 'ZJkv'), /not valid/);
});

test('the last empty line divides: a text may hold others', async () => {
  const signer = noteSigner('broker.example/audit', new Uint8Array(32).fill(1));
  const text = 'first\n\nsecond\n';
  const note = await open(signer.signNote(text), signer.key.text);
  assert.equal(note.text, text);
});

test('a malformed note is refused', async () => {
  const line = go.signature.slice(0, -1);
  const cases: Record<string, string> = {
    'no empty line': go.text + go.signature,
    'no final line feed': neumann.slice(0, -1),
    'no signature': `${go.text}\n`,
    'a control character': neumann.replace('answer', 'ans\u0001wer'),
    'a carriage return': neumann.replace('problem,', 'problem,\r'),
    'a tab': neumann.replace(' is', '\tis'),
    'a lone surrogate': neumann.replace('answer', 'ans\ud800wer'),
    'a name with a space': neumann.replace('\u2014 Peter', '\u2014 Peter '),
    'a name with a plus': neumann.replace('\u2014 Peter', '\u2014 Peter+'),
    'no name': neumann.replace('\u2014 PeterNeumann', '\u2014 '),
    'a hyphen for the dash': neumann.replace('\u2014', '-'),
    'an extra line': `${neumann}\nhello\n`,
    'a line that is not a signature': `${neumann}hello\n`,
    'letters in the base64': neumann.replace('x08go', 'ABCDx08go'),
    'url-safe base64': neumann.replace('go/ZJ', 'go_ZJ'),
    'no padding': `${go.text}\n${line.slice(0, -1)}\n`,
    'padding bits': `${go.text}\n${line.replace('nAM=', 'nAN=')}\n`,
    'trailing white space': `${go.text}\n${line} \n`,
    'nothing signed': `${go.text}\n\u2014 PeterNeumann x08goA==\n`,
    '101 signatures': `${go.text}\n${go.signature.repeat(101)}`,
    'an empty text': '',
  };
  for (const [what, note] of Object.entries(cases)) {
    assert.notEqual(note, neumann, what);
    await assert.rejects(open(note, go.key), NoteError, what);
  }
  assert.equal((await open(`${go.text}\n${go.signature.repeat(100)}`, go.key)).signatures.length, 1);
});

test('bytes that are not UTF-8 are refused, and a byte order mark is not swallowed', () => {
  assert.throws(() => decodeNote(Uint8Array.of(...Buffer.from('text'), 0xff, 0x0a)), NoteError);
  assert.equal(decodeNote(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), '\ufeffa');
});

test('two known keys that share name and id are refused', async () => {
  const [known] = [key(go.key)];
  const twin = { ...known, publicKey: new Uint8Array(32), text: `${known.text}twin` };
  await assert.rejects(openNote(neumann, [known, twin], nodeCrypto), /share the id/);
  assert.equal(splitNote(neumann).signatures[0]?.id, 0xc74f20a3);
});
