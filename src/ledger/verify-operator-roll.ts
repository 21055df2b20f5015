// The operators of a log as its entries make them known: who is in office at a place, with which keys, and whether a signature
// is theirs. Signatures wait until they are asked for: some runtimes check them at their leisure.
import type { VerifyCrypto } from './crypto.ts';
import type { EntryOf } from './entry-body.ts';
import type { OperatorProof } from './entry-operator.ts';
import { isOperatorAct, roleMay } from './operator-acts.ts';
import { operatorStatement } from './operator-statement.ts';
import type { Findings } from './verdict.ts';
import type { KnownOperator } from './verify-carried.ts';
import type { EarlierEntries } from './verify-earlier.ts';
import type { Place } from './verify-meaning.ts';
import { holdsProof, keyThumbprint } from './verify-operator-proof.ts';

export type OperatorFault = 'operator_unknown' | 'operator_signature' | 'not_approved';
type Signed = EntryOf<'operator.proposed' | 'operator.approved' | 'operator.declined' | 'operator.key-added'>;

export class OperatorRoll {
  readonly #origin: string;
  readonly #findings: Findings;
  readonly #earlier: EarlierEntries;
  readonly #operators = new Map<string, KnownOperator>();
  readonly #signatures: (() => Promise<void>)[] = [];
  #crypto: VerifyCrypto | null = null;
  /** Signatures that this runtime could not check. */
  unchecked = 0;

  constructor(origin: string, findings: Findings, earlier: EarlierEntries) {
    this.#origin = origin;
    this.#findings = findings;
    this.#earlier = earlier;
  }

  get size(): number {
    return this.#operators.size;
  }

  get(operator: string): KnownOperator | undefined {
    return this.#operators.get(operator);
  }

  enter({ index }: Place, { operator, role }: { readonly operator: string; readonly role: string }) {
    const known: KnownOperator = { role, addedAt: index, keys: new Map(), removedAt: null };
    this.#operators.set(operator, known);
    return known;
  }

  inOffice(place: Place, operator: string): KnownOperator | null {
    const known = this.#operators.get(operator);
    if (known === undefined) {
      // A log that goes on begins with all who are in office.
      if (!this.#earlier.mayHold(place.index))
        this.find(place, 'operator_unknown', `${operator} was not added before`);
      return null;
    }
    if (known.removedAt !== null)
      this.find(place, 'operator_unknown', `${operator} was removed at entry ${known.removedAt}`);
    return known;
  }

  requireRole(place: Place, { role }: KnownOperator, operator: string, act: string): void {
    if (!isOperatorAct(act) || !roleMay(role, act))
      this.find(place, 'operator_unknown', `${operator} is ${role}, whose role is not ${act}`);
  }

  keep(
    place: Place,
    known: KnownOperator,
    { key, kept_in }: Pick<EntryOf<'operator.key-added'>, 'key' | 'kept_in'>,
  ): void {
    this.#signatures.push(async () => {
      const thumbprint = keyThumbprint(this.#crypto as VerifyCrypto, key);
      const isTaken = [...this.#operators.values()].some(({ keys }) => keys.has(thumbprint));
      if (isTaken) this.find(place, 'operator_unknown', `the key ${thumbprint} is on record already`);
      known.keys.set(thumbprint, { key, keptIn: kept_in, addedAt: place.index });
    });
  }

  sign(place: Place, known: KnownOperator, body: Signed): void {
    const proof: OperatorProof = body.proof;
    this.#signatures.push(async () => {
      const record = known.keys.get(proof.key);
      const holds =
        record !== undefined &&
        (await holdsProof(
          this.#crypto as VerifyCrypto,
          record,
          operatorStatement(this.#origin, body),
          proof,
        ));
      if (holds === null) this.unchecked++;
      else if (!holds) this.find(place, 'operator_signature', `${body.operator} did not sign this`);
    });
  }

  /** What waits for signatures to be checked; undefined where nothing does. */
  pending(crypto: VerifyCrypto): Promise<void> | undefined {
    const waiting = this.#signatures.splice(0);
    if (waiting.length === 0) return undefined;
    this.#crypto = crypto;
    return (async () => {
      for (const check of waiting) await check();
    })();
  }

  find({ index }: Place, kind: OperatorFault, message: string): void {
    this.#findings.add(index, kind, message);
  }
}
