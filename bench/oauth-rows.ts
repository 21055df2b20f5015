// Tokens a second, and whole consents, beside node-oidc-provider: the same PostgreSQL, algorithms and third party, one process
// each, in turn in the same minute. Ours writes a ledger entry for each of them.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { inRounds, type Load, median, ratio, underLoad } from './measure.ts';
import { type OauthClient, openOauthClient } from './oauth-client.ts';
import type { OauthServer, OauthTarget, WaitingCode } from './oauth-target.ts';
import type { Row } from './row.ts';

const family = 'tokens';
/** As many as appends and reads are measured with. */
const inFlight = 128;
const consentsInFlight = 8;
const seconds = 3;
/** Until it is known how fast a contender is. */
const firstGuess = 2000;

interface Contender {
  readonly process: ChildProcess;
  readonly client: OauthClient;
  /** How much a second it did most. */
  most: number;
  /** How many consents were asked for. */
  asked: number;
}

/** How much to make ready for so many seconds: more than will be asked for. */
const enough = ({ most }: Contender, length: number): number =>
  Math.ceil((length + 0.5) * Math.max(most * 1.5, firstGuess));

const start = (program: string): ChildProcess =>
  // With as much heap as npm start gives the broker.
  fork(join(import.meta.dirname, program), {
    execArgv: ['--max-old-space-size=256', '--max-semi-space-size=16'],
  });

export async function oauthRows(): Promise<Row[]> {
  const broker = start('oauth-server.ts');
  const [server] = (await once(broker, 'message')) as [OauthServer];
  const peer = start('oauth-peer.ts');
  try {
    peer.send(server);
    const [target] = (await once(peer, 'message')) as [OauthTarget];
    const ours = { process: broker, client: openOauthClient(server.target, inFlight), most: 0, asked: 0 };
    const theirs = { process: peer, client: openOauthClient(target, inFlight), most: 0, asked: 0 };
    const rows: Row[] = [];
    for (const [what, measure] of Object.entries(measures)) {
      // Once without counting: what is planned and compiled at first is not what is asked.
      await measure(ours, 1);
      await measure(theirs, 1);
      const loads = await inRounds({
        ours: () => measure(ours, seconds),
        peer: () => measure(theirs, seconds),
      });
      rows.push(...rowsOf(what, loads));
    }
    ours.client.close();
    theirs.client.close();
    return rows;
  } finally {
    for (const child of [peer, broker]) {
      if (child.exitCode !== null) continue;
      child.send('end');
      await once(child, 'exit');
    }
  }
}

type Measure = (contender: Contender, seconds: number) => Promise<Load>;

async function measured(contender: Contender, inFlight: number, length: number, work: () => Promise<void>) {
  const load = await underLoad(inFlight, length, work);
  contender.most = Math.max(contender.most, load.rate);
  return load;
}

const measures: Readonly<Record<string, Measure>> = {
  'by code exchange': async (contender, length) => {
    const { process, client } = contender;
    const wanted = enough(contender, length);
    process.send({ codes: wanted });
    const [codes] = (await once(process, 'message')) as [WaitingCode[]];
    client.prepare(wanted);
    return await measured(contender, inFlight, length, async () => {
      const code = codes.pop();
      if (code === undefined) throw new Error('there are too few codes');
      await client.redeem(code);
    });
  },
  'by refresh': async (contender, length) => {
    contender.client.prepare(enough(contender, length));
    return await measured(contender, inFlight, length, () => contender.client.refresh());
  },
  'in the own name': async (contender, length) => {
    contender.client.prepare(enough(contender, length));
    return await measured(contender, inFlight, length, () => contender.client.own());
  },
  'whole consents': async (contender, length) => {
    contender.client.prepare(length * 200, length * 200);
    return await underLoad(consentsInFlight, length, () => contender.client.consent(contender.asked++));
  },
};

function rowsOf(what: string, loads: Record<'ours' | 'peer', Load[]>): Row[] {
  const rate = (name: keyof typeof loads) => median(loads[name].map((load) => load.rate));
  const p99 = (name: keyof typeof loads) => median(loads[name].map((load) => load.p99Ms));
  const subject = what.startsWith('whole') ? what : `tokens ${what}`;
  const later = median(
    loads.ours.map((load, round) => load.p99Ms / (loads.peer[round]?.p99Ms ?? Number.NaN)),
  );
  return [
    { family, what: `${subject}, entries included`, value: rate('ours'), unit: '/s' },
    { family, what: 'by node-oidc-provider', value: rate('peer'), unit: '/s' },
    {
      family,
      what: 'ours against it',
      value: ratio(loads.ours, loads.peer),
      unit: '×',
      target: { atLeast: 2 },
    },
    { family, what: 'the slowest hundredth of ours', value: p99('ours'), unit: 'ms' },
    { family, what: 'the slowest hundredth of its', value: p99('peer'), unit: 'ms' },
    { family, what: 'ours against it', value: later, unit: '×', target: { below: 1 } },
  ];
}
