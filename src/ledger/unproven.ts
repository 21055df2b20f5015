// What a verification could not prove, in words for a regulator: silence here would be read as proof.
// A sentence may only leave this list when something has been checked that makes it untrue.
import type { FormerPart, VerdictCounts } from './verdict.ts';
import type { PolicyVerdict, PolicyVerdictWitness } from './verify-quorum.ts';
import type { Witnessed } from './verify-witnesses.ts';

export interface ProvenGround {
  /** First entry. */
  readonly from: number;
  readonly size: number;
  /** Null where entry 0 is not here. */
  readonly mode: string | null;
  /** False where the keys came out of the export itself. */
  readonly hasTrustedKeys: boolean;
  readonly keys: readonly string[];
  readonly witnessed: Witnessed | null;
  readonly policy: PolicyVerdict | null;
  readonly hasPinnedCheckpoint: boolean;
  readonly counts: VerdictCounts;
  /** Digests of policies that were published and whose text is not here. */
  readonly policiesWithoutText: readonly string[];
  readonly hasForgottenRequests: boolean;
  readonly former: FormerPart | null;
  /** Who told how long the former log was. */
  readonly knownFrom: string | null;
}

export function whatIsUnproven(ground: ProvenGround): string[] {
  return [
    keys(ground),
    witnesses(ground),
    ...policy(ground),
    `That nothing was added after entry ${ground.size - 1}: compare with a checkpoint that you got later, or from another.`,
    pinned(ground),
    ...former(ground),
    ...earlier(ground),
    mode(ground),
    reads(ground.counts),
    consents(ground.counts),
    ...rights(ground.counts),
    chains(ground.counts),
    operators(ground.counts),
    'What stands behind a commitment, and whose home an entry is about: only who has the household’s key can open it.',
    'That each decision follows from its policy: the decisions were not made anew here.',
    policies(ground),
    requests(ground),
  ].filter((sentence) => sentence !== null);
}

function keys({ hasTrustedKeys, keys }: ProvenGround): string | null {
  if (hasTrustedKeys) return null;
  return `Whose log this is: its key was taken from the export itself. Compare it with one that you got otherwise: ${keys.join(', ') || 'none'}.`;
}

function witnesses({ witnessed, policy, size, counts }: ProvenGround): string {
  if (witnessed === null) {
    const who = policy === null ? 'no witness has' : 'not enough witnesses of the policy have';
    return `That everyone is shown the same log, and the times of entries: ${who} signed, so both are the operator’s word.`;
  }
  const parts = [`That the witnesses (${witnessed.witnesses.join(', ')}) are not run by the operator`];
  if (witnessed.size < size)
    parts.push(
      `that everyone is shown the same entries from ${witnessed.size} on, which no witness has seen`,
    );
  if (counts.timesNotWitnessed > 0)
    parts.push(
      `the times of ${counts.timesNotWitnessed} entries: time not witnessed, they do not fit between the cosignatures around them`,
    );
  return `${parts.join('; ')}.`;
}

/** The file is whoever wrote it: it binds nobody whom it names. */
function policy({ policy: held }: ProvenGround): string[] {
  if (held === null) return [];
  const said: string[] = [];
  if (held.witnesses.length > 0)
    said.push(
      `That the witnesses are run by those whom the policy file names: ${held.witnesses.map(whoRuns).join('; ')}. The file claims it; nothing here shows it.`,
    );
  if (!held.needsOutsider)
    said.push(
      'That anybody but the operator has seen this log: under this policy no witness is needed that somebody else runs.',
    );
  if (held.belowQuorum > 0)
    said.push(
      `Anything by ${held.belowQuorum} checkpoints that witnesses of the policy cosigned, but too few of them: they count as not witnessed.`,
    );
  return said;
}

function whoRuns({ name, keyName, url, runBy, hasSigned }: PolicyVerdictWitness): string {
  const where = url === null ? keyName : `${keyName}, ${url}`;
  const who = runBy ?? 'the operator of the log, for it names nobody else';
  return `${name} (${where}) by ${who}${hasSigned ? '' : ', has not signed'}`;
}

function pinned({ hasPinnedCheckpoint }: ProvenGround): string | null {
  if (hasPinnedCheckpoint) return null;
  return 'That the log is the one that was seen before: no earlier checkpoint was given to compare it with.';
}

/** Outside production nothing in the log need be anybody's: that must not be read past. */
function mode({ mode, from }: ProvenGround): string | null {
  if (mode === 'production') return null;
  if (mode !== null)
    return `That real homes and two operators stand behind it: this is a log of a ${mode}, in which one operator is enough and the clock can be moved.`;
  if (from === 0) return null;
  return 'Whether it is a log of production, and so whether acts that name no proposal took two operators: entry 0 says it, and is not here.';
}

function former({ former: part, knownFrom }: ProvenGround): string[] {
  if (part === null) return [];
  const { origin, keptSize, knownSize, isVerified, consentsEnded } = part;
  const lost =
    knownSize === keptSize
      ? `Whether entries of ${origin}, which this log goes on for, are lost: none is known of, and ${keptSize} are left.`
      : `What stood in entries ${keptSize} to ${knownSize - 1} of ${origin}, which this log goes on for: they are lost. That they existed is shown by ${knownFrom}; whether more came after them is not known.`;
  if (isVerified) return [lost];
  const ended =
    consentsEnded === 0
      ? ''
      : ` ${consentsEnded} entries here end consents of it, which cannot be looked up.`;
  return [lost, `What ${origin} says: it was not given here.${ended}`];
}

function earlier({ from, counts }: ProvenGround): string[] {
  if (from === 0) return [];
  const rest = counts.restingOnBefore;
  return [
    `What the entries before ${from} say: they are not here. That these are entries ${from} and following of the log that was signed, none left out, is proven.`,
    `That ${rest} of these entries were allowed: they rest on a consent, a third party, a policy, a key or a disclosure that would stand before entry ${from}. Only an export from entry 0 on shows it.`,
    `Times of the first entries, up to the first cosignature: the one before entry ${from} is not here.`,
  ];
}

function reads({ storeReads, disclosuresWithoutStoreRead }: VerdictCounts): string {
  const { numbered, missing, skippedAtRestart } = storeReads;
  const parts = [
    `That no reading left past the door: ${numbered} reads that the meter store numbered have an entry`,
    missing === 0 ? 'no number up to the highest is missing' : `${missing} numbers have none`,
  ];
  if (skippedAtRestart > 0)
    parts.push(`${skippedAtRestart} numbers were skipped where the store started anew`);
  if (disclosuresWithoutStoreRead > 0)
    parts.push(`${disclosuresWithoutStoreRead} disclosures come from a store that does not number its reads`);
  return `${parts.join('; ')}.`;
}

/** What stands behind a right is on paper. */
function rights({ kinds }: VerdictCounts): string[] {
  const supplies = kinds['supply.recorded'] ?? 0;
  const orders = kinds['lawful-order.recorded'] ?? 0;
  return [
    ...(supplies === 0
      ? []
      : [
          `That suppliers supply the homes that they read by licence: ${supplies} are said to be supplied, on the operator’s word.`,
        ]),
    ...(orders === 0
      ? []
      : [
          `That courts and laws ordered what was read by order: ${orders} orders are recorded, on the operators’ word, and so is whom they concern.`,
        ]),
  ];
}

function consents({ consentsSignedBy, consentSignatures }: VerdictCounts): string {
  const { code, passkey, sandbox } = consentsSignedBy;
  const { held, unchecked } = consentSignatures;
  const said = `${passkey} are said to be given with a householder’s own passkey, ${code} by a mailed code and ${sandbox} in a sandbox`;
  const opened = `${held} signatures of passkeys were opened here and hold${unchecked > 0 ? `, ${unchecked} are of a kind that cannot be checked here` : ''}`;
  return `That householders gave the consents: ${said}; ${opened}. The rest is the operator’s word, and so is whose passkey it was.`;
}

/** Of all entries nobody says: a secret order has a chain of its own until a court lets it be shown. */
function chains({ maps, mapCovers }: VerdictCounts): string {
  const seen =
    maps === 0
      ? 'this log has published no map of tags under which a missing entry would show'
      : `${maps} maps of tags were made anew here and hold, the newest over the first ${mapCovers} entries; after those a newest entry could be held back`;
  return `That each householder was shown what stands here about their home: ${seen}. An entry under another tag is not found by a household’s key, and a court can order an access not to be shown yet.`;
}

function operators({ operators, kinds }: VerdictCounts): string | null {
  const { unchecked, ofFormer, vouched } = operators;
  const parts = [
    (kinds['operator.added'] ?? kinds['operator.carried'] ?? 0) > 0 && 'that two operators are two people',
    unchecked > 0 && `${unchecked} of their signatures, of a kind that cannot be checked here`,
    vouched > 0 &&
      `who vouched for ${vouched} third parties that registered themselves: the entries do not say it`,
    ofFormer > 0 && `${ofFormer} of their entries, which rest on a log before this one`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? null : `About operators: ${parts.join('; ')}.`;
}

function policies({ policiesWithoutText }: ProvenGround): string | null {
  if (policiesWithoutText.length === 0) return null;
  return `What these policies say: their text is not in the export: ${policiesWithoutText.join(', ')}.`;
}

function requests({ hasForgottenRequests }: ProvenGround): string | null {
  return hasForgottenRequests ? 'That no request id came back after more than two million entries.' : null;
}
