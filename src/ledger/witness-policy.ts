// The witness policy file (C2SP tlog-policy): which logs, which witnesses, and how many of them make a checkpoint good.
// Taken strictly: a line that could be read in two ways refuses the file. Who runs a witness stands in a comment of ours.
import type { Sha256 } from './crypto.ts';
import {
  ED25519,
  ED25519_COSIGNATURE,
  NoteError,
  parseVerifierKey,
  type VerifierKey,
} from './verifier-key.ts';

export class WitnessPolicyError extends Error {
  override readonly name = 'WitnessPolicyError';
}

export interface PolicyLog {
  readonly key: VerifierKey;
  readonly url: string | null;
}

export interface PolicyWitness {
  readonly kind: 'witness';
  readonly name: string;
  readonly key: VerifierKey;
  /** Submission prefix (C2SP tlog-witness). */
  readonly url: string | null;
  /** Who runs it, where a `# run-by` line says so; null counts as the operator of the log. */
  readonly runBy: string | null;
}

export interface PolicyGroup {
  readonly kind: 'group';
  readonly name: string;
  /** How many of the members it takes. */
  readonly threshold: number;
  readonly members: readonly PolicyMember[];
}
export type PolicyMember = PolicyWitness | PolicyGroup;

export interface WitnessPolicy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  /** Null: `quorum none`. */
  readonly quorum: PolicyMember | null;
}

/** Verifier keys of its logs and its witnesses. */
export const keysOfPolicy = ({ logs, witnesses }: WitnessPolicy): string[] =>
  [...logs, ...witnesses].map(({ key }) => key.text);

export const MAX_POLICY_BYTES = 1_000_000;
const MAX_LOGS = 1024;
/** A note carries a hundred signatures at most, and the log's own are among them. */
const MAX_WITNESSES = 64;
const MAX_GROUPS = 256;
/** The reserved word after `# run-by NAME`: the log's own operator. */
export const OPERATOR = 'operator';

/** Throws WitnessPolicyError, its message with the number of the line. */
export function parseWitnessPolicy(bytes: Uint8Array, sha256: Sha256): WitnessPolicy {
  const lines = splitLines(bytes);
  const draft = new PolicyDraft(sha256);
  lines.forEach((line, i) => {
    try {
      draft.take(line);
    } catch (error) {
      if (!(error instanceof WitnessPolicyError || error instanceof NoteError)) throw error;
      throw new WitnessPolicyError(`line ${i + 1}: ${error.message}`);
    }
  });
  return draft.close();
}

function splitLines(bytes: Uint8Array): string[] {
  if (bytes.length > MAX_POLICY_BYTES)
    throw new WitnessPolicyError(`a policy has at most ${MAX_POLICY_BYTES} bytes`);
  if (bytes.some((byte) => (byte < 0x20 && byte !== 0x09 && byte !== 0x0a) || byte === 0x7f))
    throw new WitnessPolicyError('a policy holds no control characters but tab and line feed');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new WitnessPolicyError('a policy is UTF-8');
  }
  // A file that lost its end may have lost its quorum, or half a group.
  if (!text.endsWith('\n')) throw new WitnessPolicyError('the last line does not end in a line feed');
  return text.slice(0, -1).split('\n');
}

class PolicyDraft {
  readonly #sha256: Sha256;
  readonly #logs: PolicyLog[] = [];
  readonly #witnesses: PolicyWitness[] = [];
  readonly #members = new Map<string, PolicyMember>();
  readonly #inGroup = new Set<string>();
  readonly #runBy = new Map<string, string>();
  #quorum: PolicyMember | null | undefined;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  take(line: string): void {
    const words = line.split(/[ \t]+/).filter((word) => word !== '');
    const [first = ''] = words;
    if (first.startsWith('#')) this.#takeComment(words);
    else if (first === 'log') this.#takeLog(words.slice(1));
    else if (first === 'witness') this.#takeWitness(words.slice(1));
    else if (first === 'group') this.#takeGroup(words.slice(1));
    else if (first === 'quorum') this.#takeQuorum(words.slice(1));
    else if (first !== '') fail('a line begins with log, witness, group, quorum or #');
  }

  close(): WitnessPolicy {
    if (this.#quorum === undefined) fail('there is no quorum line');
    for (const name of this.#runBy.keys())
      if (this.#members.get(name)?.kind !== 'witness') fail(`run-by names ${name}, which is no witness`);
    return { logs: this.#logs, witnesses: this.#witnesses, quorum: this.#quorum };
  }

  /** `# run-by NAME WHO…`: a comment to every other reader, before the witness line it is about. */
  #takeComment(words: readonly string[]): void {
    const rest = words[0] === '#' ? words.slice(1) : [(words[0] as string).slice(1), ...words.slice(1)];
    if (rest[0] !== 'run-by') return;
    const [, name, ...who] = rest;
    if (name === undefined || who.length === 0) fail('run-by takes the name of a witness and who runs it');
    if (this.#runBy.has(name)) fail(`${name} has a run-by line already`);
    if (this.#members.has(name)) fail(`the run-by line of ${name} stands before its witness line`);
    this.#runBy.set(name, who.join(' '));
  }

  #takeLog([text, url, ...more]: readonly string[]): void {
    if (text === undefined || more.length > 0) fail('a log line has a key and perhaps an address');
    const key = parseVerifierKey(text, this.#sha256);
    if (key.type !== ED25519) fail('the key of a log is of type 0x01 (Ed25519)');
    this.#refuseDuplicate(key, this.#logs, MAX_LOGS);
    this.#logs.push({ key, url: address(url) });
  }

  #takeWitness([name, text, url, ...more]: readonly string[]): void {
    if (name === undefined || text === undefined || more.length > 0)
      fail('a witness line has a name, a key and perhaps an address');
    const key = parseVerifierKey(text, this.#sha256);
    if (key.type !== ED25519_COSIGNATURE)
      fail('the key of a witness is of type 0x04 (timestamped cosignature)');
    this.#refuseDuplicate(key, this.#witnesses, MAX_WITNESSES);
    const runBy = this.#runBy.get(name);
    const witness: PolicyWitness = {
      kind: 'witness',
      name,
      key,
      url: address(url),
      runBy: runBy === undefined || runBy === OPERATOR ? null : runBy,
    };
    this.#define(witness);
    this.#witnesses.push(witness);
  }

  #takeGroup([name, rule, ...names]: readonly string[]): void {
    if (name === undefined || rule === undefined || names.length === 0)
      fail('a group line has a name, any, all or a number, and members');
    if (this.#members.size - this.#witnesses.length >= MAX_GROUPS)
      fail(`a policy has at most ${MAX_GROUPS} groups`);
    const members = names.map((member) => this.#find(member));
    for (const member of names) {
      if (this.#inGroup.has(member)) fail(`${member} is in a group already`);
      this.#inGroup.add(member);
    }
    this.#define({ kind: 'group', name, threshold: threshold(rule, names.length), members });
  }

  #takeQuorum([name, ...more]: readonly string[]): void {
    if (name === undefined || more.length > 0) fail('a quorum line has one name');
    if (this.#quorum !== undefined) fail('there is a quorum line already');
    this.#quorum = name === 'none' ? null : this.#find(name);
  }

  #find(name: string): PolicyMember {
    return this.#members.get(name) ?? fail(`${name} is not defined before this line`);
  }

  #define(member: PolicyMember): void {
    if (member.name === 'none') fail('none is no name of a witness or a group');
    if (this.#members.has(member.name)) fail(`${member.name} is defined already`);
    this.#members.set(member.name, member);
  }

  /** Keys are the same if their bytes are, whatever names they go by. */
  #refuseDuplicate(key: VerifierKey, others: readonly { key: VerifierKey }[], most: number): void {
    if (others.length >= most) fail(`there are more than ${most} lines of this kind`);
    const bytes = key.publicKey.join();
    if (others.some((other) => other.key.publicKey.join() === bytes)) fail('this key stands here already');
  }
}

function threshold(rule: string, members: number): number {
  if (rule === 'any') return 1;
  if (rule === 'all') return members;
  if (!/^[1-9][0-9]{0,3}$/.test(rule) || Number(rule) > members)
    fail('a group takes any, all, or a number from 1 to that of its members');
  return Number(rule);
}

function address(url: string | undefined): string | null {
  if (url === undefined) return null;
  if (url.length > 2048 || !URL.canParse(url) || !/^https?:\/\//.test(url) || /[?#]/.test(url))
    fail('an address begins with http:// or https:// and has no query');
  return url.replace(/\/+$/, '');
}

function fail(message: string): never {
  throw new WitnessPolicyError(message);
}
