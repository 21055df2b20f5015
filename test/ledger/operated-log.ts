// A log in production with two operators who decide: honest, with signatures that hold, for tests that then bend it.
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign } from 'node:crypto';
import type { EntryDraft } from '../../src/ledger/entry-body.ts';
import type { OperatorProof } from '../../src/ledger/entry-operator.ts';
import { operatorStatement } from '../../src/ledger/operator-statement.ts';
import { canonicalJson, type JsonValue } from '../../src/lib/canonical-json.ts';
import { drafts, HEARTH, POLICY, START_S, type Step } from './small-log.ts';
import { ours } from './vectors.ts';

export interface Person {
  readonly operator: string;
  readonly publicKey: string;
  readonly prove: (statement: string) => OperatorProof;
}

const thumbprint = (key: string): string => hash('sha256', key, 'base64url');

/** Ed25519 signs alike each time, so that vectors stay what they are. */
export function person(name: string, seed: number): Person {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, seed)]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const { crv, kty, x } = createPublicKey(privateKey).export({ format: 'jwk' });
  const publicKey = canonicalJson({ crv, kty, x } as JsonValue);
  return {
    operator: `operator_${name.repeat(22).slice(0, 22)}`,
    publicKey,
    prove: (statement) => ({
      key: thumbprint(publicKey),
      signature: sign(null, Buffer.from(statement), privateKey).toString('base64url'),
    }),
  };
}

/** What a phone or a security key would answer: WebAuthn, signed by the key that is given. */
export function passkeyProof(
  privateKey: KeyObject,
  publicKey: string,
  statement: string,
  flags = 0x05,
  bend: (client: string) => string | Buffer = (client) => client,
): OperatorProof {
  const challenge = hash('sha256', statement, 'base64url');
  const client = Buffer.from(
    bend(JSON.stringify({ type: 'webauthn.get', challenge, origin: 'https://broker.example' })) as string,
  );
  const data = Buffer.concat([Buffer.alloc(32, 7), Buffer.from([flags, 0, 0, 0, 1])]);
  const signed = Buffer.concat([data, Buffer.from(hash('sha256', client, 'hex'), 'hex')]);
  return {
    key: thumbprint(publicKey),
    signature: sign('sha256', signed, privateKey).toString('base64url'),
    authenticator_data: data.toString('base64url'),
    client_data: client.toString('base64url'),
  };
}

export const ann = person('Ann', 11);
export const ben = person('Ben', 12);
export const cat = person('Cat', 13);
export const proposal = (name: string): string => `proposal_${name.repeat(22).slice(0, 22)}`;

export const added = (who: Person, role = 'administrator', by?: string): EntryDraft => ({
  kind: 'operator.added',
  actor: 'operator',
  operator: who.operator,
  role,
  key: who.publicKey,
  kept_in: 'file',
  ...(by === undefined ? {} : { proposal: by }),
});

type Fields = { readonly [name: string]: JsonValue };

/** Signed by `who`, whatever it says. */
export const signed = (who: Pick<Person, 'operator' | 'prove'>, fields: Fields): EntryDraft => {
  const body = { actor: 'operator', operator: who.operator, ...fields } as unknown as { kind: string };
  return { ...body, proof: who.prove(operatorStatement(ours.origin, body)) } as EntryDraft;
};

export const proposed = (
  who: Person,
  name: string,
  act: string,
  said: Fields,
  bend: Fields = {},
): EntryDraft =>
  signed(who, {
    kind: 'operator.proposed',
    proposal: proposal(name),
    act,
    digest: POLICY,
    ...(Object.keys(said).length === 0 ? {} : { said }),
    expires_s: START_S + 604_800,
    ...bend,
  });

export const decided = (
  who: Person,
  name: string,
  how: 'approved' | 'declined' = 'approved',
  digest: string = POLICY,
): EntryDraft => signed(who, { kind: `operator.${how}`, proposal: proposal(name), digest });

export const registered = (by?: string, bend: Fields = {}): EntryDraft =>
  ({
    ...drafts['third-party.registered'],
    third_party: HEARTH,
    ...(by === undefined ? {} : { proposal: proposal(by) }),
    ...bend,
  }) as EntryDraft;
export const saidOfHearth = {
  third_party: HEARTH,
  class: 'energy-adviser',
  group: 'Brightwatt Ltd',
  purposes: ['energy-advice'],
};

const steps = (...all: EntryDraft[]): Step[] => all.map((draft) => ({ draft }));

/** Entries 0 to 2: opened in production, Ann and Ben join. */
export const founded = (...after: EntryDraft[]): Step[] =>
  steps({ ...drafts['log.opened'], mode: 'production' } as EntryDraft, added(ann), added(ben), ...after);

/** Everything that two operators do, once. */
export const operated: readonly Step[] = founded(
  drafts['policy.published'],
  proposed(ann, 'One', 'third-party-register', saidOfHearth),
  decided(ben, 'One'),
  registered('One'),
  proposed(ben, 'Two', 'operator-add', { operator: cat.operator, role: 'registrar', key: cat.publicKey }),
  decided(ann, 'Two'),
  added(cat, 'registrar', proposal('Two')),
  proposed(cat, 'Three', 'third-party-change', saidOfHearth),
  decided(cat, 'Three', 'declined'),
  proposed(ann, 'Four', 'household-erase', {}),
  decided(ben, 'Four'),
  { ...drafts['subject.erased'], actor: 'operator', proposal: proposal('Four') } as EntryDraft,
  proposed(ann, 'Five', 'operator-remove', { operator: cat.operator }),
  decided(ben, 'Five'),
  { kind: 'operator.removed', actor: 'operator', operator: cat.operator, proposal: proposal('Five') },
);

const withMember = (member: string) => (client: string) => client.replace('{', `{${member},`);
/** What a browser said, of the right statement and rightly signed: whether it counts, for every program alike. */
export const saidByBrowsers: readonly (readonly [string, (client: string) => string | Buffer, boolean])[] = [
  ['as it is', (client) => client, true],
  ['with a number of any length', withMember(`"n":${'9'.repeat(4400)}`), true],
  ['with objects in each other', withMember('"n":{"a":[{}]}'), true],
  ['with a mark of the order of bytes', (client) => `\ufeff${client}`, false],
  ['with no number', withMember('"n":NaN'), false],
  ['with lists deep in each other', withMember(`"n":${'['.repeat(1200)}${']'.repeat(1200)}`), false],
  ['with a name that is none', withMember('"__proto__":{}'), false],
  [
    'with bytes that are no letters',
    (client) =>
      Buffer.concat([
        Buffer.from(client.slice(0, -1)),
        Buffer.from([0x2c, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      ]),
    false,
  ],
];
