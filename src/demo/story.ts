// The story of one consent, told as it happens over real HTTP: asked, narrowed, given, used, refused, stopped, proven.
// Every claim is checked; the first that does not hold ends the story with an error.
import type { Access, PushedRequest, ThirdParty } from '../../examples/third-party.ts';
import { type Browser, inputValues, openBrowser, type Page, textOf } from './browser.ts';
import { runCommand } from './command.ts';
import { expect, type Narrator } from './narrator.ts';

export interface StoryParts {
  readonly issuer: string;
  readonly dataDir: string;
  readonly thirdParty: ThirdParty;
  readonly thirdPartyName: string;
  readonly household: { readonly email: string; readonly address: string };
  /** Local dates of the year of readings. */
  readonly from: string;
  readonly until: string;
  readonly verifierKey: string;
  /** Settings for the command that exports. */
  readonly environment: NodeJS.ProcessEnv;
}

export async function tellStory(parts: StoryParts, tell: Narrator): Promise<void> {
  const request = await ask(parts, tell);
  const browser = openBrowser(parts.issuer);
  const callback = await consent(parts, browser, request, tell);
  const access = await redeem(request, callback, tell);
  await read(parts, access, tell);
  await refuseFiner(parts, access, tell);
  await stop(browser, access, tell);
  await refuseAfterStop(parts, access, tell);
  await prove(parts, tell);
}

async function ask(
  { thirdParty, thirdPartyName, from, until }: StoryParts,
  tell: Narrator,
): Promise<PushedRequest> {
  tell.step(`${thirdPartyName} asks, machine to machine (a pushed authorization request)`);
  const request = await thirdParty.ask({ purpose: 'energy-advice', resolution: 'PT30M', from, until });
  tell.say(`It wants half-hours from ${from} until ${until}, to give energy advice.`);
  tell.shows(
    `the request waits under ${request.authorizationUrl.searchParams.get('request_uri')?.slice(0, 40)}…`,
  );
  return request;
}

async function consent(
  parts: StoryParts,
  browser: Browser,
  request: PushedRequest,
  tell: Narrator,
): Promise<URL> {
  tell.step(`The householder at ${parts.household.address} opens the request`);
  const page = await signIn(parts, browser, request.authorizationUrl.href, tell);
  tell.shows(`the page says: “${textOf(page, 'class="govuk-heading-l"') ?? ''}”`);
  const meterPoints = inputValues(page, 'meter_points');
  expect(meterPoints.length > 0, 'a meter point to choose');
  const answer = await browser.submit(page, 'id="consent"', [
    ['resolution', 'P1D'],
    ...meterPoints.map((id) => ['meter_points', id] as const),
    ['adult', 'yes'],
    ['decision', 'share'],
  ]);
  const callback = new URL(answer.url);
  expect(
    callback.searchParams.has('code'),
    `a code on the way back (${answer.status} at ${callback.pathname})`,
  );
  tell.shows('she shares less than was asked: days, not half-hours');
  return callback;
}

async function signIn(parts: StoryParts, browser: Browser, url: string, tell: Narrator): Promise<Page> {
  const start = await browser.open(url);
  const asked = await browser.submit(start, 'id="email"', [['email', parts.household.email]]);
  const code = textOf(asked, 'data-demo-code');
  expect(code !== null, 'a sign-in code');
  tell.say(`She signs in with the code that was mailed to her (${code}; no password, ever).`);
  return await browser.submit(asked, 'id="code"', [['code', code]]);
}

async function redeem(request: PushedRequest, callback: URL, tell: Narrator): Promise<Access> {
  tell.step('The third party redeems the code for a token bound to its own key (DPoP)');
  const access = await request.redeem(callback);
  expect(access.resolution === 'P1D', 'a grant of days');
  tell.shows(
    `granted: ${access.resolution}, ${access.from} to ${access.until}, ${access.meterPoints.length} meter point`,
  );
  return access;
}

interface Answer {
  readings: { start: string; value: number | null }[];
  ledger_entry: { origin: string; index: number };
  unit: string;
  synthetic: boolean;
}

async function read({ from }: StoryParts, access: Access, tell: Narrator): Promise<void> {
  tell.step('It reads a month of days');
  const [meterPoint = ''] = access.meterPoints;
  const answer = await access.readings(meterPoint, { ...monthOf(from), resolution: 'P1D' });
  expect(answer.status === 200, `200, got ${answer.status}: ${await answer.clone().text()}`);
  const { readings, ledger_entry, unit, synthetic } = (await answer.json()) as Answer;
  expect(synthetic, 'the readings to be marked synthetic');
  for (const { start, value } of readings.slice(0, 3))
    tell.say(`${start}  ${String(value).padStart(6)} ${unit} (synthetic)`);
  tell.say(`… ${readings.length} days`);
  tell.shows(
    `the access was in the ledger before the data left: entry ${ledger_entry.index} of ${ledger_entry.origin}`,
  );
}

async function refuseFiner({ from }: StoryParts, access: Access, tell: Narrator): Promise<void> {
  tell.step('It tries for half-hours');
  await refused(access, { ...monthOf(from), resolution: 'PT30M' }, 403, 'finer_than_consented', tell);
}

async function stop(browser: Browser, access: Access, tell: Narrator): Promise<void> {
  tell.step('The householder stops it, with one tap');
  const dashboard = await browser.open('/consents');
  const done = await browser.submit(dashboard, `/consents/${access.consentId}/stop`, []);
  expect(done.status === 200, `a confirmation, got ${done.status}`);
  const said = /Sharing has stopped at [0-9:]+/.exec(done.html)?.[0];
  expect(said !== undefined, 'the page to say that sharing has stopped');
  tell.shows(`the page says: “${said.trim()}”`);
}

async function refuseAfterStop({ from }: StoryParts, access: Access, tell: Narrator): Promise<void> {
  tell.step('The very next read, with a token that has not expired');
  await refused(access, { ...monthOf(from), resolution: 'P1D' }, 401, 'invalid_token', tell);
}

async function refused(
  access: Access,
  query: Record<string, string>,
  status: number,
  code: string,
  tell: Narrator,
) {
  const answer = await access.readings(access.meterPoints[0] ?? '', query);
  const problem = (await answer.json()) as { code: string; detail: string };
  expect(
    answer.status === status && problem.code === code,
    `${status} ${code}, got ${answer.status} ${problem.code}`,
  );
  tell.shows(`${status} ${code}: ${problem.detail}`);
  tell.say(`The refusal is an entry too: ${answer.headers.get('ledger-entry')}`);
}

async function prove(parts: StoryParts, tell: Narrator): Promise<void> {
  tell.step(
    'The regulator exports the ledger and checks it offline: no database, no network, a process of its own',
  );
  const file = `${parts.dataDir}/demo-ledger.ndjson`;
  const { environment, verifierKey } = parts;
  for (const line of await runCommand(['ledger', 'export', '--out', file], environment)) tell.say(line);
  const verify = ['ledger', 'verify', '--export', file, '--key', verifierKey];
  for (const line of await runCommand(verify, {})) tell.say(line);
  tell.shows('every recorded access had a recorded consent in force at its place and time');
}

function monthOf(from: string): { from: string; to: string } {
  const [year = 0, month = 0] = from.split('-').map(Number);
  const first = (offset: number) =>
    new Date(Date.UTC(year, month - 1 + offset, 1)).toISOString().slice(0, 10);
  return { from: first(1), to: first(2) };
}
