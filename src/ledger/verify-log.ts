// One log from its manifest to its end: what each line is checked for, in the order that the export's documentation gives.
// Whatever is found goes to the findings; what was seen becomes the verdict.
import { decodeBase64, encodeBase64 } from '../lib/base64.ts';
import { type OpenedCheckpoint, openCheckpoint } from './checkpoint.ts';
import { utf8, type VerifyCrypto } from './crypto.ts';
import type { EntryBody } from './entry-body.ts';
import { ExportFormatError, type ExportLine, type ExportManifest } from './export-format.ts';
import { type Hash, isFrontierLength } from './merkle.ts';
import type { ProvenGround } from './unproven.ts';
import type { Findings, FormerPart, Verdict } from './verdict.ts';
import { verdictOf } from './verdict-of.ts';
import { NoteError } from './verifier-key.ts';
import { ChainCheck } from './verify-chain.ts';
import { ConsentSignatureCheck } from './verify-consent-signature.ts';
import { holderOf } from './verify-consents.ts';
import { EarlierEntries } from './verify-earlier.ts';
import type { KeyCheck } from './verify-keys.ts';
import { checkLink, type FormerLog, type Link } from './verify-link.ts';
import { MapCheck, type MapCounts } from './verify-map.ts';
import { MeaningCheck } from './verify-meaning.ts';
import { OpeningCheck } from './verify-openings.ts';
import { PinnedCheckpoints } from './verify-pinned.ts';
import { QuorumCheck } from './verify-quorum.ts';
import { WitnessCheck } from './verify-witnesses.ts';
import type { WitnessPolicy } from './witness-policy.ts';

/** What one log of a line is verified with, besides. */
export interface Neighbours {
  /** The log that this one goes on for, verified before. */
  readonly former: FormerLog | null;
  /** How many entries of this log the next one says that it kept; null for the last. */
  readonly keptSize: number | null;
}

/** Of a file that has none: nothing follows from it. */
export const NO_MANIFEST: ExportManifest = {
  type: 'manifest',
  format: 'stabledoor/export/v1',
  origin: '',
  from: 0,
  size: 0,
};

export class LogCheck {
  readonly #manifest: ExportManifest;
  readonly #keys: KeyCheck;
  readonly #crypto: VerifyCrypto;
  readonly #findings: Findings;
  readonly #chain: ChainCheck;
  readonly #map: MapCheck;
  readonly #meaning: MeaningCheck;
  readonly #earlier = new EarlierEntries();
  readonly #openings: OpeningCheck;
  readonly #signatures: ConsentSignatureCheck;
  /** The roots that a later part needs are still to come. */
  #lacksFrontier: boolean;
  /** Of the entry taken last; null before the first, and where it cannot be read. */
  #lastBody: EntryBody | null = null;
  readonly #pinned: PinnedCheckpoints;
  readonly #policyTexts = new Set<string>();
  #checkpoints = 0;
  #coveredSize: number | null = null;
  readonly #witnesses: WitnessCheck;
  readonly #quorum: QuorumCheck | null;
  readonly #beside: Neighbours;
  #link: Link | null = null;
  /** The root of what the next log says that it kept. */
  #keptRoot: string | null = null;

  constructor(
    manifest: ExportManifest,
    keys: KeyCheck,
    crypto: VerifyCrypto & { readonly policy?: WitnessPolicy },
    findings: Findings,
    beside: Neighbours,
  ) {
    this.#beside = beside;
    this.#manifest = manifest;
    this.#keys = keys;
    this.#crypto = crypto;
    this.#findings = findings;
    this.#witnesses = new WitnessCheck((keys.trust.witnessKeys ?? []).length > 0);
    this.#quorum = crypto.policy === undefined ? null : new QuorumCheck(crypto.policy);
    this.#chain = new ChainCheck(manifest.origin, crypto, findings);
    this.#map = new MapCheck(crypto.sha256, findings, undefined, this.#earlier);
    this.#meaning = new MeaningCheck(
      manifest.origin,
      keys,
      this.#map,
      findings,
      this.#earlier,
      beside.former,
    );
    this.#openings = new OpeningCheck(crypto.sha256, findings);
    this.#signatures = new ConsentSignatureCheck(manifest.origin, crypto, findings);
    this.#lacksFrontier = manifest.from > 0;
    this.#pinned = new PinnedCheckpoints(manifest);
  }

  async pin(notes: readonly string[]): Promise<void> {
    await this.#pinned.take(notes, this.#keys, this.#crypto, this.#isInLine());
    this.#comparePinned();
  }

  take(line: Exclude<ExportLine, ExportManifest>): Promise<void> | undefined {
    switch (line.type) {
      case 'entry':
        return this.#takeEntry(line.entry);
      case 'checkpoint':
        return this.#takeCheckpoint(line.note);
      case 'key':
        if (this.#hasEntries) throw new ExportFormatError('a key comes after the first entry');
        this.#keys.take(line.key);
        return undefined;
      case 'frontier':
        this.#takeFrontier(line.hashes);
        return undefined;
      case 'opening':
        if (!this.#hasEntries) throw new ExportFormatError('an opening comes before the first entry');
        return this.#takeOpening(line);
      case 'policy':
        this.#takePolicy(line.digest, line.text);
        return undefined;
    }
  }

  #takeOpening(line: Extract<ExportLine, { type: 'opening' }>): Promise<void> | undefined {
    const { index } = this.#chain;
    if (!this.#openings.take(index, this.#lastBody, line)) return undefined;
    if (line.field !== 'signature' || this.#lastBody === null) return undefined;
    return this.#signatures.take(index, this.#lastBody, line.value);
  }

  get #hasEntries(): boolean {
    return this.#chain.size > this.#manifest.from;
  }

  #takeFrontier(hashes: readonly string[]): void {
    const { from } = this.#manifest;
    if (!this.#lacksFrontier) throw new ExportFormatError('a frontier that is not asked for');
    if (!isFrontierLength(from, hashes.length))
      throw new ExportFormatError(`${hashes.length} hashes are not the frontier of ${from} entries`);
    this.#lacksFrontier = false;
    this.#chain.startAt(
      from,
      hashes.map((hash) => decodeBase64(hash) as Hash),
    );
    this.#earlier.begin(from);
    this.#keys.beginLater();
    this.#comparePinned();
  }

  #takeEntry(text: string): Promise<void> | undefined {
    if (this.#lacksFrontier) throw new ExportFormatError('the frontier of a later part is missing');
    const entry = this.#chain.take(text);
    this.#map.take(this.#chain.index, entry?.stag ?? null, this.#chain.leaf);
    this.#lastBody = null;
    if (entry !== null) {
      this.#witnesses.takeEntry(entry.timeMs);
      this.#lastBody = this.#meaning.take({ index: this.#chain.index, timeMs: entry.timeMs }, entry.body);
    }
    if (this.#chain.size === this.#beside.keptSize) this.#keptRoot = encodeBase64(this.#chain.root());
    if (this.#chain.size === this.#manifest.from + 1) return this.#takeFirst();
    this.#comparePinned();
    return this.#meaning.operators.pending(this.#crypto);
  }

  /** Entry 0 says whether this log goes on for another, and so which keys may count. */
  async #takeFirst(): Promise<void> {
    const body = this.#meaning.succeeded;
    const { former } = this.#beside;
    if (body !== null) {
      const { isHandedOver, link } = await checkLink(body, former, this.#findings, this.#crypto);
      this.#link = link;
      const counts = this.#keys.brought(body.former_key) || link.isFormerVerified;
      if (isHandedOver && counts && this.#keys.hasTrusted) this.#keys.handOver();
    } else if (former !== null && this.#manifest.from === 0)
      this.#findings.add(0, 'former_mismatch', `it does not go on for ${former.origin}`);
    this.#keys.settle();
    this.#comparePinned();
  }

  #isInLine(): boolean {
    return this.#beside.former !== null || this.#beside.keptSize !== null;
  }

  asFormer(): FormerLog {
    const { keptSize } = this.#beside;
    const { operators } = this.#meaning;
    const { refs } = this.#meaning.consents;
    return {
      origin: this.#manifest.origin,
      mode: this.#meaning.mode,
      keys: this.#keys.keysAfter(keptSize ?? this.#chain.size),
      holds: (kept) => kept.size === keptSize && kept.root === this.#keptRoot,
      whyNotCarried: (body) => operators.whyNotCarried(body, keptSize ?? 0),
      consentHolder: (consentRef) => {
        const consent = refs.get(consentRef);
        return consent === undefined ? null : holderOf(consent);
      },
    };
  }

  #takePolicy(digest: string, text: string): void {
    this.#policyTexts.add(digest);
    if (encodeBase64(this.#crypto.sha256(utf8(text))) !== digest)
      this.#findings.add(null, 'policy_text', `the text given for policy ${digest} has another digest`);
  }

  async #takeCheckpoint(note: string): Promise<void> {
    const { size: taken } = this.#chain;
    try {
      const opened = await openCheckpoint(note, this.#keys.signers, this.#crypto);
      if (opened.size !== taken)
        this.#find('checkpoint_misplaced', `a checkpoint of ${opened.size} stands after ${taken} entries`);
      else if (!this.#chain.hasRoot(opened.root))
        this.#find('checkpoint_root', `the first ${taken} entries have another root`);
      else if (this.#keys.follow(opened, this.#chain.index)) this.#cover(opened);
    } catch (error) {
      if (!(error instanceof NoteError)) throw error;
      this.#find('checkpoint_invalid', error.message);
    }
  }

  #cover({ size, signatures }: OpenedCheckpoint): void {
    this.#checkpoints++;
    this.#coveredSize = size;
    this.#witnesses.cover(size, this.#quorum?.take(size, signatures) ?? signatures);
  }

  /** About the log up to here: named by its last entry. */
  #find(kind: 'checkpoint_misplaced' | 'checkpoint_root' | 'checkpoint_invalid', message: string): void {
    this.#findings.add(this.#hasEntries ? this.#chain.index : null, kind, message);
  }

  #comparePinned(): void {
    if (this.#pinned.holds(this.#chain)) return;
    const { size } = this.#chain;
    this.#find(
      'checkpoint_root',
      `the first ${size} entries are not those of the checkpoint kept from before`,
    );
  }

  close(hasManifest: boolean): Verdict {
    this.#meaning.operators.settleOpening();
    this.#meaning.close();
    this.#checkpoints += this.#keys.close();
    const map = this.#map.close();
    if (hasManifest) this.#checkEnd();
    return verdictOf(hasManifest ? this.#manifest.origin : null, this.#ground(map), this.#findings);
  }

  #ground(map: MapCounts): ProvenGround {
    const { size } = this.#chain;
    const { last: witnessed, outOfTime } = this.#witnesses;
    const { from } = this.#manifest;
    const counts = {
      entries: Math.max(0, size - from),
      checkpoints: this.#checkpoints,
      timesNotWitnessed: outOfTime,
      maps: map.maps,
      mapCovers: map.covered,
      restingOnBefore: this.#earlier.count,
      openings: this.#openings.count,
      consentSignatures: this.#signatures.counts(),
      ...this.#meaning.counts(),
    };
    return {
      ...{ from, size, mode: this.#meaning.mode, witnessed, counts },
      hasTrustedKeys: this.#keys.hasTrusted,
      keys: this.#keys.logKeys,
      policy: this.#quorum?.verdict() ?? null,
      hasPinnedCheckpoint: this.#pinned.hasCompared,
      policiesWithoutText: [...this.#meaning.policies.digests].filter(
        (digest) => !this.#policyTexts.has(digest),
      ),
      hasForgottenRequests: this.#meaning.requests.hasForgotten,
      former: this.#formerPart(),
      knownFrom: this.#link?.body.known_from ?? null,
    };
  }

  #formerPart(): FormerPart | null {
    if (this.#link === null) return null;
    const { body, isFormerVerified } = this.#link;
    return {
      origin: body.former_origin,
      keptSize: body.kept_size,
      knownSize: body.known_size,
      isVerified: isFormerVerified,
      consentsEnded: this.#meaning.consents.endedOfFormer,
    };
  }

  #checkEnd(): void {
    const { size } = this.#chain;
    const { from } = this.#manifest;
    if (size === 0 && from === 0)
      this.#findings.add(null, 'log_opened', 'there is no entry, not even log.opened');
    if (size !== this.#manifest.size)
      this.#findings.add(
        null,
        'size_mismatch',
        `the manifest says ${this.#manifest.size} entries; there are ${size}`,
      );
    if (this.#coveredSize !== size)
      this.#findings.add(null, 'checkpoint_missing', `no checkpoint of all ${size} entries holds`);
    // What is left of a former log is covered by the next one's checkpoints: its root stands in their entry 0.
    if (this.#beside.keptSize === null) this.#quorum?.close(size, this.#findings);
    this.#pinned.close(size, this.#findings);
  }
}
