// Holds a log to a witness policy that the caller brought: which cosignatures count, and whether there are enough.
// A checkpoint with fewer than the quorum counts as if no witness had seen it: taking a cosignature away must never help.
import type { Findings } from './verdict.ts';
import type { VerifiedSignature } from './verifier-key.ts';
import type { PolicyWitness, WitnessPolicy } from './witness-policy.ts';
import { meetsQuorum, needsOutsider } from './witness-quorum.ts';

export interface PolicyVerdict {
  /** Entries that the newest checkpoint with the quorum covers; null if there is none. */
  readonly quorumSize: number | null;
  /** Valid checkpoints that witnesses of the policy cosigned, but too few of them. */
  readonly belowQuorum: number;
  /** False where the operator's own witnesses could meet the quorum alone. */
  readonly needsOutsider: boolean;
  readonly witnesses: readonly PolicyVerdictWitness[];
}

export interface PolicyVerdictWitness extends Pick<PolicyWitness, 'name' | 'url' | 'runBy'> {
  /** Name of its key. */
  readonly keyName: string;
  /** It cosigned the newest checkpoint with the quorum, or, where there is none, the newest that any of them cosigned. */
  readonly hasSigned: boolean;
}

export class QuorumCheck {
  readonly #policy: WitnessPolicy;
  #quorumSize: number | null = null;
  #belowQuorum = 0;
  #shown: ReadonlySet<string> = new Set();

  constructor(policy: WitnessPolicy) {
    this.#policy = policy;
  }

  /** Of the verified signatures of a valid checkpoint those that count: of the policy's witnesses, if they are enough. */
  take(size: number, signatures: readonly VerifiedSignature[]): readonly VerifiedSignature[] {
    const named = new Set(this.#policy.witnesses.map(({ key }) => key.text));
    const ofPolicy = signatures.filter(({ key }) => named.has(key.text));
    const isMet = meetsQuorum(this.#policy, ofPolicy);
    if (isMet) this.#quorumSize = size;
    else if (ofPolicy.length > 0) this.#belowQuorum++;
    if (isMet || (this.#quorumSize === null && ofPolicy.length > 0))
      this.#shown = new Set(ofPolicy.map(({ key }) => key.text));
    return isMet ? ofPolicy : [];
  }

  /** At the end of the newest log, of `size` entries. */
  close(size: number, findings: Findings): void {
    if (this.#quorumSize === size) return;
    const seen =
      this.#quorumSize === null
        ? 'none here is'
        : `the newest that is covers ${this.#quorumSize}; an export that ends there has it`;
    findings.add(
      null,
      'quorum_not_met',
      `no checkpoint of all ${size} entries is cosigned as the policy asks (quorum ${this.#policy.quorum?.name ?? 'none'}): ${seen}`,
    );
  }

  verdict(): PolicyVerdict {
    return {
      quorumSize: this.#quorumSize,
      belowQuorum: this.#belowQuorum,
      needsOutsider: needsOutsider(this.#policy),
      witnesses: this.#policy.witnesses.map(({ name, key, url, runBy }) => ({
        name,
        url,
        runBy,
        keyName: key.name,
        hasSigned: this.#shown.has(key.text),
      })),
    };
  }
}
