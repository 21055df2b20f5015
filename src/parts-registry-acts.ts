// What two operators decide about third parties: that one is registered, what it is, and which texts it may show.
import { z } from 'zod';
import { strikeOff } from './consent/strike-off.ts';
import type { Store } from './db/database.ts';
import { canonicalJson, type JsonValue } from './lib/canonical-json.ts';
import { StabledoorError } from './lib/errors.ts';
import { type ClientId, idPattern, newRequestId } from './lib/ids.ts';
import { type Act, defineAct, proposalField } from './operator/act.ts';
import type { Purpose, ThirdPartyClass } from './policy/request.ts';
import { purposeRule } from './registry/purposes.ts';
import { reasonPattern, registeredEntry } from './registry/registry.ts';
import { changeStatus, changeTerms, keepNote } from './registry/registry-change-store.ts';
import { findThirdParty } from './registry/registry-store.ts';
import { noteName, noteText, type ThirdParty, termsSchema } from './registry/third-party.ts';

const clientId = z.string().regex(idPattern('client'), 'a client id');
const byId = z.strictObject({ client_id: clientId });

async function thirdPartyOf(store: Store, id: string): Promise<ThirdParty> {
  const found = await findThirdParty(store, id);
  if (found === null) throw new StabledoorError('not_found', `There is no third party ${id}.`);
  return found;
}

/** All that is registered but the keys at an address of its own, which change without us. */
const registrationOf = (one: ThirdParty) => ({
  client_id: one.clientId as string,
  name: one.name,
  trading_name: one.tradingName,
  class: one.class as string,
  group: one.group,
  registration_number: one.registrationNumber,
  purposes: one.purposes as readonly string[],
  redirect_uris: one.redirectUris,
  recipients: one.recipients as readonly string[],
  retention_days: one.retentionDays,
  ethics_number: one.ethicsNumber,
  detail_types: one.detailTypes as readonly string[],
  notes: one.notes,
  keys: one.jwksUri ?? (one.jwks as unknown as JsonValue),
});

const keyNames = (jwks: JsonValue): string =>
  (jwks as { readonly keys: readonly { readonly kid: string }[] }).keys.map(({ kid }) => kid).join(', ');

const register = defineAct({
  name: 'third-party-register',
  title: 'register a third party',
  takes: '{"client_id"}, of one that is pending',
  input: byId,
  async prepare(store, { client_id }) {
    const found = await thirdPartyOf(store, client_id);
    if (found.status !== 'pending')
      throw new StabledoorError('illegal_transition', `The third party is ${found.status}, not pending.`);
    return registrationOf(found);
  },
  said: ({ client_id, class: itsClass, group, purposes }) => ({
    third_party: client_id,
    class: itsClass,
    group,
    purposes: [...purposes],
  }),
  words: (one) => [
    ['Third party', one.client_id],
    ['Name', one.name],
    ['Known as', one.trading_name],
    ['Class', one.class],
    ['Group', one.group],
    ['Registration number', one.registration_number || 'none'],
    ['Purposes', one.purposes.join(', ')],
    ['Sends people back to', one.redirect_uris.join(', ')],
    ['Passes readings on to', one.recipients.join(', ') || 'nobody'],
    ['Keeps readings for', `${one.retention_days} days`],
    ['Ethics number', one.ethics_number || 'none'],
    ['Its own words', Object.values(one.notes).join(' | ') || 'none'],
    ['Keys', typeof one.keys === 'string' ? one.keys : keyNames(one.keys)],
  ],
  async within(tx, payload, done) {
    const change = { from: 'pending', to: 'active', suspendedReason: null, ...done } as const;
    if (!(await changeStatus(tx, payload.client_id, change)))
      throw new StabledoorError('illegal_transition', 'The third party is not pending any more.');
    const found = await thirdPartyOf(tx, payload.client_id);
    if (canonicalJson(registrationOf(found)) !== canonicalJson(payload))
      throw new StabledoorError('proposal_changed');
    return entries({ ...registeredEntry(found, 'operator'), ...proposalField(done) });
  },
});

const changeInput = byId.extend(termsSchema.partial().shape);

const change = defineAct({
  name: 'third-party-change',
  title: 'change what a third party is: class, group, purposes',
  takes: '{"client_id", "class"?, "group"?, "purposes"?}',
  input: changeInput,
  async prepare(store, { client_id, ...wanted }) {
    const found = await thirdPartyOf(store, client_id);
    if (found.status === 'pending')
      throw new StabledoorError('illegal_transition', 'The third party is pending: register it first.');
    const before = { class: found.class, group: found.group, purposes: found.purposes };
    const after = {
      class: wanted.class ?? before.class,
      group: wanted.group ?? before.group,
      purposes: wanted.purposes ?? before.purposes,
    };
    const closed = after.purposes.find((purpose) => !purposeRule(after.class, purpose));
    if (closed !== undefined)
      throw new StabledoorError('invalid_request', `${closed} is not open to the class ${after.class}.`);
    return { client_id, name: found.name, before: clearTerms(before), after: clearTerms(after) };
  },
  said: ({ client_id, after }) => ({
    third_party: client_id,
    class: after.class,
    group: after.group,
    purposes: [...after.purposes],
  }),
  words: ({ client_id, name, before, after }) => [
    ['Third party', client_id],
    ['Name', name],
    ['Class', fromTo(before.class, after.class)],
    ['Group', fromTo(before.group, after.group)],
    ['Purposes', fromTo(before.purposes.join(', '), after.purposes.join(', '))],
  ],
  async within(tx, { client_id, before, after }, done) {
    const id = client_id as ClientId;
    const now = await thirdPartyOf(tx, client_id);
    if (canonicalJson(clearTerms(now)) !== canonicalJson(before))
      throw new StabledoorError('proposal_changed');
    const terms = {
      class: after.class as ThirdPartyClass,
      group: after.group,
      purposes: after.purposes as readonly Purpose[],
    };
    if (!(await changeTerms(tx, id, terms, done.proposalId)))
      throw new StabledoorError('illegal_transition', 'The third party is pending.');
    return entries({ ...registeredEntry({ clientId: id, ...terms }, 'operator'), ...proposalField(done) });
  },
});

const strike = defineAct({
  name: 'third-party-strike-off',
  title: 'strike off a third party: suspend it for good and end all its consents',
  takes: '{"client_id", "reason"}',
  input: byId.extend({ reason: z.string().regex(reasonPattern, 'one line of 1 to 400 characters') }),
  async prepare(store, { client_id, reason }) {
    const found = await thirdPartyOf(store, client_id);
    if (found.status === 'pending' || found.struckOff)
      throw new StabledoorError('illegal_transition', 'The third party is pending, or struck off already.');
    return { client_id, name: found.name, reason };
  },
  said: ({ client_id, reason }) => ({ third_party: client_id, reason }),
  words: ({ client_id, name, reason }) => [
    ['Third party', `${name} (${client_id})`],
    ['Reason', reason],
    ['What ends', 'all its consents, for good'],
  ],
  within: (tx, { client_id, reason }, { proposalId }) =>
    strikeOff(tx, { clientId: client_id as ClientId, reason }, proposalId),
});

const clearTerms = (terms: Pick<ThirdParty, 'class' | 'group' | 'purposes'>) => ({
  class: terms.class as string,
  group: terms.group,
  purposes: terms.purposes as readonly string[],
});

const fromTo = (before: string, after: string): string =>
  before === after ? `${after} (as it is)` : `${after} (now ${before})`;

const note = defineAct({
  name: 'note-approve',
  title: 'approve a text that a third party may show to householders',
  takes: '{"client_id", "name", "text"}',
  input: byId.extend({ name: noteName, text: noteText }),
  async prepare(store, { client_id, name, text }) {
    const found = await thirdPartyOf(store, client_id);
    return { client_id, third_party: found.name, name, text, before: found.notes[name] ?? '' };
  },
  said: ({ client_id, name, text }) => ({ third_party: client_id, note: name, text }),
  words: ({ client_id, third_party, name, text, before }) => [
    ['Third party', `${third_party} (${client_id})`],
    ['Name of the text', name],
    ['Text', text],
    ['Instead of', before || 'nothing'],
  ],
  async within(tx, { client_id, name, text, before }, done) {
    if (((await thirdPartyOf(tx, client_id)).notes[name] ?? '') !== before)
      throw new StabledoorError('proposal_changed');
    await keepNote(tx, client_id as ClientId, { name, text }, done.proposalId);
    return [];
  },
});

const entries = (body: ReturnType<typeof registeredEntry>) => [
  { req: newRequestId(), householdId: null, body },
];

export const registryActs: readonly Act[] = [register, change, strike, note];
