// The broker's witnessing: at each interval one stable checkpoint goes to the witnesses of the policy, and what enough
// of them cosigned is stored and published. Appends never wait for it; they stop only where the operator has said so.
import type { Database } from '../db/database.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../observe/logger.ts';
import type { Metrics } from '../observe/metrics.ts';
import { latestCheckpoint } from './ledger-store.ts';
import type { Hash } from './merkle.ts';
import { formatSignature, splitNote } from './note.ts';
import type { VerifierKey } from './verifier-key.ts';
import type { ReachableWitness } from './witness-client.ts';
import { findContradiction } from './witness-contradiction.ts';
import type { WitnessPolicy } from './witness-policy.ts';
import { meetsQuorum, needsOutsider } from './witness-quorum.ts';
import {
  type Cosigned,
  runRound,
  type StableCheckpoint,
  type WitnessProblem,
  type WitnessSizes,
} from './witness-round.ts';
import { entryTimeMs, newestWitnessed, putWitnessed, type Witnessed } from './witnessed-store.ts';
import type { WriteGate } from './write-gate.ts';

export interface WitnessingLimits {
  readonly intervalMs: number;
  /** A log that stands still is witnessed anew this often, so that monitors see that it is alive. */
  readonly heartbeatMs: number;
  /** For each question to a witness. */
  readonly timeoutMs: number;
  readonly alarmAfterMs: number;
  /** Appends are refused once the oldest entry that is not witnessed is older than this; null: never. */
  readonly stopAfterMs: number | null;
}

export const defaultWitnessingLimits: WitnessingLimits = {
  intervalMs: 5000,
  heartbeatMs: 600_000,
  timeoutMs: 1000,
  alarmAfterMs: 60_000,
  stopAfterMs: null,
};

export interface WitnessingParts {
  readonly db: Database;
  readonly logId: number;
  readonly origin: string;
  /** Every key that the log has had. */
  logKeys(): readonly VerifierKey[];
  readonly policy: WitnessPolicy;
  /** Production refuses a policy that the operator's own witnesses could meet alone. */
  readonly mustNeedOutsider: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: Pick<Metrics, 'witnessLagSeconds'>;
  readonly gate: WriteGate;
  consistencyProof(from: number, to: number): Promise<readonly Hash[]>;
  readonly limits?: Partial<WitnessingLimits>;
}

export interface WitnessingStatus {
  /** Of the newest checkpoint that enough witnesses have cosigned. */
  readonly size: number;
  /** How long the oldest entry that no such checkpoint covers has waited; 0 if there is none. */
  readonly lagMs: number;
  readonly isLate: boolean;
  readonly problems: readonly WitnessProblem[];
  /** What a witness proves against this log; the gate is shut then. */
  readonly contradiction: string | null;
}

export interface Witnessing {
  status(): WitnessingStatus;
  /** A round now, whatever another process has just done. A log that stands still waits for its time all the same. */
  runNow(): Promise<void>;
  /** Waits for the round under way. */
  close(): Promise<void>;
}

/**
 * Asks the witnesses first whether they know this log better than the database does: call it before anything is written.
 * Errors: the policy is of other logs, cannot be met, or could be met by the operator alone.
 */
export async function openWitnessing(parts: WitnessingParts): Promise<Witnessing> {
  checkPolicy(parts);
  const rounds = new Rounds(parts, { ...defaultWitnessingLimits, ...parts.limits });
  await rounds.lookForContradiction();
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const run = (isAsked: boolean) => {
    const before = running ?? Promise.resolve();
    const round = before.then(() => rounds.run(isAsked));
    running = round;
    return round;
  };
  const wait = (delayMs: number) => {
    if (closed) return;
    timer = setTimeout(() => void run(false).finally(() => wait(rounds.limits.intervalMs)), delayMs);
    timer.unref();
  };
  wait(0);
  return {
    status: () => rounds.status,
    runNow: () => run(true),
    async close() {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}

const isReachable = (witness: WitnessPolicy['witnesses'][0]): witness is ReachableWitness =>
  witness.url !== null;

function checkPolicy({ policy, origin, logKeys, mustNeedOutsider }: WitnessingParts): void {
  const isOurs = (key: VerifierKey) => logKeys().some((logKey) => logKey.text === key.text);
  if (policy.logs.length > 0 && !policy.logs.some(({ key }) => isOurs(key)))
    throw new Error(`the witness policy is of other logs: none of its log lines has the key of ${origin}`);
  if (!meetsQuorum(policy, policy.witnesses.filter(isReachable)))
    throw new Error('the witness policy cannot be met: too many of its witnesses have no address');
  if (mustNeedOutsider && !needsOutsider(policy))
    throw new Error(
      'the witness policy could be met by the operator alone: its quorum needs a witness with a `# run-by` line that names somebody else',
    );
}

class Rounds {
  readonly limits: WitnessingLimits;
  readonly #parts: WitnessingParts;
  readonly #witnesses: readonly ReachableWitness[];
  readonly #sizes: WitnessSizes = new Map();
  #wasLate = false;
  status: WitnessingStatus = { size: 0, lagMs: 0, isLate: false, problems: [], contradiction: null };

  constructor(parts: WitnessingParts, limits: WitnessingLimits) {
    this.#parts = parts;
    this.limits = limits;
    this.#witnesses = parts.policy.witnesses.filter(isReachable);
  }

  /** Never throws: what goes wrong is logged, shows as lag, and is tried again. */
  async run(isAsked: boolean): Promise<void> {
    const { db, logId, logger } = this.#parts;
    try {
      const [newest, last] = await Promise.all([latestCheckpoint(db, logId), newestWitnessed(db, logId)]);
      if (newest !== null && this.#isDue(newest, last, isAsked)) await this.#witness(newest);
      await this.#judge();
    } catch (error) {
      logger.warn({ err: error }, 'a round of witnessing failed');
    }
  }

  /** Several processes of one log take turns by what the others have stored. */
  #isDue(newest: StableCheckpoint, last: Witnessed | null, isAsked: boolean): boolean {
    if (last === null) return true;
    // A clock that was moved far back makes nothing recent.
    const ageMs = Math.abs(this.#parts.clock.nowMs() - last.witnessedAt.getTime());
    const isRecent = (ms: number) => ageMs < ms;
    const isUnchanged = last.size === newest.size;
    return isUnchanged
      ? !isRecent(this.limits.heartbeatMs)
      : isAsked || !isRecent(this.limits.intervalMs / 2);
  }

  async #witness(checkpoint: StableCheckpoint): Promise<void> {
    const { policy, consistencyProof } = this.#parts;
    const cosigned: Cosigned[] = [];
    let storing = Promise.resolve();
    const onCosigned = (one: Cosigned) => {
      cosigned.push(one);
      // As soon as it is enough, and again with each that comes later.
      if (meetsQuorum(policy, cosigned)) storing = storing.then(() => this.#store(checkpoint, [...cosigned]));
    };
    const { timeoutMs } = this.limits;
    const round = { witnesses: this.#witnesses, consistencyProof, timeoutMs };
    const problems = await runRound(round, checkpoint, this.#sizes, onCosigned);
    await storing;
    this.status = { ...this.status, problems };
    if (problems.length > 0) {
      this.#parts.logger.warn({ size: checkpoint.size, problems }, 'witnesses did not cosign');
      await this.lookForContradiction();
    }
  }

  /** Cosignatures of the same checkpoint from before stay, where their witness has not signed anew. */
  async #store({ size, note }: StableCheckpoint, cosigned: readonly Cosigned[]): Promise<void> {
    const { db, logId } = this.#parts;
    const before = await newestWitnessed(db, logId);
    const isNew = ({ key }: Cosigned, line: { name: string; id: number }) =>
      key.name === line.name && key.id === line.id;
    const own = splitNote(note).signatures.length;
    const kept =
      before?.size === size
        ? splitNote(before.note)
            .signatures.slice(own)
            .filter((line) => !cosigned.some((one) => isNew(one, line)))
        : [];
    const lines = [...kept, ...cosigned.map(({ line }) => line)];
    await putWitnessed(db, logId, size, note + lines.map(formatSignature).join(''));
  }

  async lookForContradiction(): Promise<void> {
    const { gate, logger } = this.#parts;
    const { timeoutMs } = this.limits;
    const found = await findContradiction({ ...this.#parts, witnesses: this.#witnesses, timeoutMs });
    if (found === null) return;
    logger.fatal(
      { contradiction: found },
      'a witness proves that this log was changed: nothing is written any more',
    );
    gate.shut('witness contradiction', found);
    this.status = { ...this.status, contradiction: found };
  }

  async #judge(): Promise<void> {
    const { db, logId, clock, policy } = this.#parts;
    const size = (await newestWitnessed(db, logId))?.size ?? 0;
    const oldestMs = policy.quorum === null ? null : await entryTimeMs(db, logId, size);
    const lagMs = oldestMs === null ? 0 : Math.max(0, clock.nowMs() - oldestMs);
    this.status = { ...this.status, size, lagMs, isLate: lagMs > this.limits.alarmAfterMs };
    this.#parts.metrics?.witnessLagSeconds.set(lagMs / 1000);
    this.#alarm();
    this.#setGate();
  }

  #alarm(): void {
    const { isLate, size, lagMs, problems } = this.status;
    const { logger } = this.#parts;
    if (isLate) logger.error({ size, lagMs, problems }, 'the witnesses are late');
    else if (this.#wasLate) logger.info({ size, lagMs }, 'the witnesses are in time again');
    this.#wasLate = isLate;
  }

  #setGate(): void {
    const { gate } = this.#parts;
    const { stopAfterMs } = this.limits;
    const { lagMs } = this.status;
    if (stopAfterMs === null || lagMs <= stopAfterMs) gate.open('witnessing');
    else gate.shut('witnessing', `the witnesses are ${Math.floor(lagMs / 60_000)} minutes late`);
  }
}
