// `stabledoor consent …`: what an operator does for a householder who phones, writes or comes by. It can show a consent,
// print it and stop it; there is no command that gives one.
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { stateAt } from '../consent/consent.ts';
import { findConsent, listOccupierConsents, type Stopped, stopConsent } from '../consent/consents.ts';
import { consentLetter } from '../consent/letter.ts';
import { listSteps } from '../consent/step-store.ts';
import { isAnswer, stopWithoutLedger } from '../consent/stop-consent.ts';
import { parseEmailAddress } from '../household/email-address.ts';
import { findOccupierByEmail, listMeterPoints } from '../household/household-store.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type ConsentId, idPattern } from '../lib/ids.ts';
import { listThirdPartiesByIds } from '../registry/registry-store.ts';
import { UsageError } from './failure.ts';
import { type OpenDatabase, withDatabase, withParts } from './opened.ts';
import { openOutput, table } from './output.ts';

/** How the householder said it: what the entry says, and no more of them. */
const reasons = ['phone', 'post', 'in-person'] as const;
type Reason = (typeof reasons)[number];

export function addConsentCommands(program: Command): void {
  const consent = program
    .command('consent')
    .description('what householders share, for who cannot do it themselves');
  addListCommand(consent);
  addLetterCommand(consent);
  consent
    .command('stop <id>')
    .description('stop sharing on a householder’s behalf; it is never refused, and its entry says who did it')
    .requiredOption('--on-behalf', 'you have made sure that the giver, or who lives there, wants it')
    .requiredOption('--reason <how>', `how they said so: ${reasons.join(', ')}`)
    .option('--json', 'answer with JSON')
    .action(async (id: string, { reason, json }: { readonly reason: string; readonly json?: true }) => {
      const consentId = consentIdOf(id);
      const through = reasons.find((each) => each === reason);
      if (through === undefined) throw new UsageError(`--reason: ${reasons.join(', ')}`);
      const { consent: after, recorded } = await stop(consentId, through);
      const value = { consent_id: consentId, state: after.state, recorded };
      openOutput(json ?? false).answer(value, `${consentId} is ${after.state}${said[recorded]}`);
    });
}

const said = {
  entry: '',
  pending: '; the ledger entry is written as soon as the ledger can',
  before: ' already: nothing was changed',
} as const;

/** Whatever keeps a broker from being opened, the stop of somebody who phones is kept (P2). */
async function stop(consentId: ConsentId, through: Reason): Promise<Stopped> {
  const config = readConfig();
  try {
    return await withParts(config, (parts) => stopConsent(parts, { consentId, through }));
  } catch (error) {
    if (isAnswer(error)) throw error;
    return await withDatabase(
      config,
      ({ db, log: { logId } }) => stopWithoutLedger({ db, logId }, { consentId, through }),
      asApplication,
    );
  }
}

function consentIdOf(id: string): ConsentId {
  if (!idPattern('consent').test(id)) throw new UsageError(`${id} is no consent id`);
  return id as ConsentId;
}

function addListCommand(consent: Command): void {
  consent
    .command('list')
    .description('the consents of whoever signs in with an address, the newest first')
    .requiredOption('--email <address>', 'who signs in with it')
    .option('--json', 'answer with JSON')
    .action(async ({ email, json }: { readonly email: string; readonly json?: true }) => {
      const rows = await withDatabase(
        readConfig(),
        async ({ db, clock }) => {
          const occupier = await findOccupierByEmail(db, parseEmailAddress(email) ?? '');
          if (occupier === null) throw new StabledoorError('not_found', 'Nobody signs in with that address.');
          const consents = await listOccupierConsents(db, occupier.occupierId);
          const names = await partyNames(db, consents);
          return consents.map((each) => ({
            ...{
              consent_id: each.consentId,
              state: stateAt(each, clock.nowMs()),
              purpose: each.terms.purpose,
            },
            third_party: names.get(each.clientId) ?? each.clientId,
          }));
        },
        asApplication,
      );
      const text = table(rows.map((row) => [row.consent_id, row.state, row.purpose, row.third_party]));
      openOutput(json ?? false).answer(rows, rows.length === 0 ? 'none' : text);
    });
}

/** Whose home it is, no regulator's reader sees. */
const asApplication = { writes: true } as const;

function addLetterCommand(consent: Command): void {
  consent
    .command('letter <id>')
    .description('a consent as a letter, to print and post')
    .option('--json', 'answer with JSON')
    .action(async (id: string, { json }: { readonly json?: true }) => {
      const consentId = consentIdOf(id);
      const config = readConfig();
      const letter = await withDatabase(
        config,
        async ({ db, clock }) => {
          const found = await findConsent(db, consentId);
          if (found === null) throw new StabledoorError('consent_unknown');
          const names = await partyNames(db, [found]);
          return consentLetter({
            ...{ consent: found, party: names.get(found.clientId) ?? found.clientId, nowMs: clock.nowMs() },
            meterPoints: await listMeterPoints(db, found.householdId),
            steps: await listSteps(db, consentId),
            ...{ page: `${config.issuer}/consents`, phone: config.helpPhone },
          });
        },
        asApplication,
      );
      openOutput(json ?? false).answer({ consent_id: consentId, ...letter }, letter.text);
    });
}

async function partyNames(
  db: OpenDatabase['db'],
  consents: readonly { readonly clientId: Parameters<typeof listThirdPartiesByIds>[1][number] }[],
): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(consents.map(({ clientId }) => clientId))];
  const parties = ids.length === 0 ? [] : await listThirdPartiesByIds(db, ids);
  return new Map(parties.map((party) => [party.clientId as string, party.tradingName]));
}
