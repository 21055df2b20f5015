// Our own broker as a target, reached over HTTP alone: the consent page by a browser without script.
import { inputValues, openBrowser, type Page } from '../../../src/demo/browser.ts';
import { addDays, localDateAt } from '../../../src/lib/local-date.ts';
import { bareParty } from '../../support/bare-access.ts';
import { testBroker } from '../../support/broker.ts';
import { testDatabases } from '../../support/database.ts';
import { recentWindow, type TestHome, testHome } from '../../support/journey.ts';
import type { Answered, Metadata, Target } from './target.ts';

export interface StabledoorTarget extends Target {
  readonly name: 'stabledoor';
  readonly home: TestHome;
  /** A day that has closed, within what is asked for. */
  day(): { from: string; to: string };
  /** The consent page of a signed-in householder. */
  consentPage(authorizationUrl: string): Promise<{ page: Page; answer: (fields: Fields) => Promise<Page> }>;
  stop(consentId: string): Promise<void>;
  /** Every entry of the ledger, oldest first. */
  entries(): Promise<Record<string, unknown>[]>;
}
type Fields = readonly (readonly [string, string])[];

export async function openStabledoor(environment: Record<string, string> = {}): Promise<StabledoorTarget> {
  const databases = await testDatabases();
  const broker = await testBroker({ databases, mode: 'demo', environment });
  const { issuer, parts } = broker;
  const home = await testHome(broker);
  const [first, second] = [(await bareParty(broker)).rp, (await bareParty(broker)).rp];
  const { origin, pathname } = new URL(issuer);
  const wellKnown = `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`;
  const found = await fetch(wellKnown);
  const metadata = (await found.json()) as Metadata;

  // One browser, which stays signed in: there are only so many sign-in codes an hour.
  const browser = openBrowser(issuer);
  async function signIn(url: string): Promise<Page> {
    const asked = await browser.open(url);
    if (!asked.html.includes('id="email"')) return asked;
    const code = await browser.submit(asked, 'id="email"', [['email', home.email]]);
    const shown = /data-demo-code="(\d{8})"/.exec(code.html)?.[1] ?? '';
    return browser.submit(code, 'id="code"', [['code', shown]]);
  }
  const consentPage: StabledoorTarget['consentPage'] = async (url) => {
    const page = await signIn(url);
    return { page, answer: (fields) => browser.submit(page, 'id="consent"', fields) };
  };
  const decide = async (url: string, decision: 'share' | 'refuse'): Promise<Answered> => {
    const { page, answer } = await consentPage(url);
    if (!page.html.includes('id="consent"')) return answered(page);
    const points = inputValues(page, 'meter_points').map((value) => ['meter_points', value] as const);
    const [resolution = ''] = inputValues(page, 'resolution').slice(-1);
    return answered(await answer([['resolution', resolution], ...points, ['decision', decision]]));
  };
  return {
    name: 'stabledoor',
    metadata,
    first,
    second,
    home,
    ownScope: 'consents:read',
    resource: `${issuer}/v1/meter-points`,
    asking: (changes = {}) => ({
      authorization_details: JSON.stringify([
        {
          type: 'meter_readings',
          purpose: 'energy-advice',
          fuels: ['electricity'],
          resolution: 'P1D',
          ...recentWindow(broker),
          ...changes,
        },
      ]),
    }),
    day() {
      const today = localDateAt(parts.clock.nowMs(), 'Europe/London');
      return { from: addDays(today, -4), to: addDays(today, -3) };
    },
    async advance(seconds) {
      const body = JSON.stringify({ advance_s: seconds });
      const headers = { 'content-type': 'application/json' };
      const moved = await fetch(`${issuer}/sandbox/clock`, { method: 'POST', headers, body });
      if (!moved.ok) throw new Error(await moved.text());
    },
    approve: (url) => decide(url, 'share'),
    refuse: (url) => decide(url, 'refuse'),
    async look(url) {
      const answer = await fetch(url, { redirect: 'manual' });
      const { status, headers } = answer;
      return { url: new URL(url), status, html: await answer.text(), headers };
    },
    consentPage,
    async stop(consentId) {
      const page = await signIn(`${issuer}/consents`);
      const stopped = await browser.submit(page, `/consents/${consentId}/stop`, []);
      if (!stopped.url.endsWith('/stopped')) throw new Error(`not stopped: ${stopped.url}`);
    },
    async entries() {
      const { parseEntry } = await import('../../../src/ledger/entry.ts');
      const { readEntries } = await import('../../../src/ledger/ledger-store.ts');
      const texts = await Array.fromAsync(readEntries(databases.app, parts.ledger.logId, 0, 1_000_000));
      return texts.map((text) => JSON.parse(parseEntry(text).body));
    },
    async close() {
      await broker.close();
      await databases.close();
    },
  };
}

const answered = ({ url, status, html }: Page): Answered => ({
  url: new URL(url),
  status,
  html,
  headers: new Headers(),
});
