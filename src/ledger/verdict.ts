// What a verification says: whether the log is sound, what is wrong and where, and what it could not prove.
// Every violation is counted; the first hundred are kept with their words, so that a ruined log fits in memory.
import type { ConsentSignatureCounts } from './verify-consent-signature.ts';
import type { OperatorCounts } from './verify-operators.ts';
import type { PolicyVerdict } from './verify-quorum.ts';
import type { Witnessed } from './verify-witnesses.ts';

/** Names of what can be wrong; docs/ledger-export.md explains each. Add to them, never rename one. */
export const violationKinds = [
  'export_format',
  'size_mismatch',
  'key_not_trusted',
  'checkpoint_invalid',
  'checkpoint_misplaced',
  'checkpoint_root',
  'checkpoint_missing',
  'quorum_not_met',
  'log_shortened',
  'entry_format',
  'entry_index',
  'entry_link',
  'entry_time',
  'entry_body',
  'request_repeated',
  'opening_mismatch',
  'consent_signature',
  'log_opened',
  'succession_invalid',
  'former_mismatch',
  'map_size',
  'map_root',
  'tag_repeated',
  'policy_text',
  'policy_not_in_force',
  'policy_notice',
  'operator_unknown',
  'operator_signature',
  'not_approved',
  'key_not_published',
  'third_party_unknown',
  'third_party_suspended',
  'class_not_allowed',
  'consent_unknown',
  'consent_move',
  'consent_widened',
  'consent_version',
  'consent_not_in_force',
  'consent_expired',
  'third_party_mismatch',
  'purpose_not_consented',
  'meter_point_not_consented',
  'register_not_consented',
  'finer_than_consented',
  'outside_consent_window',
  'more_than_window_holds',
  'single_read_spent',
  'supply_unknown',
  'supply_over',
  'beyond_licence',
  'order_unknown',
  'order_not_in_force',
  'beyond_order',
  'order_not_opened',
  'void_without_disclosure',
  'store_read_repeated',
] as const;
export type ViolationKind = (typeof violationKinds)[number];

export interface Violation {
  /** Of the entry; null where it is about the log as a whole. */
  readonly index: number | null;
  readonly kind: ViolationKind;
  readonly message: string;
}

export interface VerdictCounts {
  readonly entries: number;
  /** Entries of a later part that rest on something that would stand before it: they are judged no further. */
  readonly restingOnBefore: number;
  /** Commitments that were opened, and hold. */
  readonly openings: number;
  /** Entries by kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Checkpoints whose signature and root hold. */
  readonly checkpoints: number;
  /** Entries that witnesses cover, and whose times do not fit between the cosignatures around them. */
  readonly timesNotWitnessed: number;
  /** Published maps of tags whose root is that of the entries. */
  readonly maps: number;
  /** Entries that the newest of them covers; null if there is none. */
  readonly mapCovers: number | null;
  /** consent.given and consent.narrowed, by what the giver proved with. */
  readonly consentsSignedBy: Readonly<Record<'code' | 'passkey' | 'sandbox', number>>;
  /** Signatures of householders' passkeys that were opened here. */
  readonly consentSignatures: ConsentSignatureCounts;
  readonly operators: OperatorCounts;
  readonly storeReads: StoreReadCounts;
  /** Disclosures without a number, because their meter store cannot count. */
  readonly disclosuresWithoutStoreRead: number;
}

export interface StoreReadCounts {
  /** Numbers that an entry accounts for. */
  readonly numbered: number;
  /** Numbers below the highest that no entry accounts for. */
  readonly missing: number;
  /** Of those that are not counted as missing: skipped, at most 32 at a time, where the store started anew. */
  readonly skippedAtRestart: number;
}

export interface Verdict {
  readonly sound: boolean;
  readonly origin: string | null;
  /** First entry of the export; 0 for a whole log. */
  readonly from: number;
  /** Of the tree at its end. */
  readonly size: number;
  /** Keys of the log that the checkpoints were verified with. */
  readonly keys: readonly string[];
  /** Names of the witnesses of the newest checkpoint that any of those whose keys were given cosigned. */
  readonly witnesses: readonly string[];
  /** What the log goes on for; null for one that was opened anew. */
  readonly former: FormerPart | null;
  /** That checkpoint; null if there is none. */
  readonly witnessed: Witnessed | null;
  /** How it stands to the witness policy that the caller brought; null if none was. */
  readonly policy: PolicyVerdict | null;
  /** The first hundred, in the order found. */
  readonly violations: readonly Violation[];
  readonly violationCount: number;
  readonly counts: VerdictCounts;
  /** In words: what follows from none of this. */
  readonly unproven: readonly string[];
}

export interface FormerPart {
  readonly origin: string;
  /** Its entries that are left: 0 to this, exclusive. */
  readonly keptSize: number;
  /** How many there are known to have been: those from `keptSize` on are lost. */
  readonly knownSize: number;
  /** It was verified too, and is the one that this log speaks of. */
  readonly isVerified: boolean;
  /** Entries here that end consents of the former log. */
  readonly consentsEnded: number;
}

const KEPT = 100;

export class Findings {
  readonly kept: Violation[] = [];
  count = 0;

  add(index: number | null, kind: ViolationKind, message: string): void {
    this.count++;
    if (this.kept.length < KEPT) this.kept.push({ index, kind, message });
  }

  /** Of what could only be judged at the end, but is about the beginning. */
  addFirst(index: number | null, kind: ViolationKind, message: string): void {
    this.count++;
    this.kept.unshift({ index, kind, message });
    this.kept.length = Math.min(this.kept.length, KEPT);
  }
}
