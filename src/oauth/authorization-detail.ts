// The authorization detail `meter_readings` (RFC 9396): what a third party asks for, and how a grant says it back.
// Strict: a field that is not listed, of another type or out of range refuses the request, so that nothing is half understood.
import { z } from 'zod';
import type { Clock } from '../lib/clock.ts';
import type { ConsentId, MeterRef } from '../lib/ids.ts';
import {
  addDays,
  addMonths,
  type LocalDate,
  localDate,
  localDateAt,
  parseLocalDate,
} from '../lib/local-date.ts';
import { purposes, registers } from '../policy/request.ts';
import {
  isFiner,
  type PurposeRule,
  purposeRule,
  type Reach,
  resolutions,
  ruleWithin,
} from '../registry/purposes.ts';
import { detailTypes, type ThirdParty } from '../registry/third-party.ts';
import { invalidAuthorizationDetails } from './errors.ts';

export const fuels = ['electricity', 'gas'] as const;

const longestText = 4096;

const distinct = (items: readonly string[]): boolean => new Set(items).size === items.length;
/** A local date as JSON brings it. */
export const localDateText = z.string().transform((text, context): LocalDate => {
  const date = parseLocalDate(text);
  if (date !== null) return date;
  context.addIssue({ code: 'custom', message: 'is a date such as 2026-01-31' });
  return z.NEVER;
});

export const meterReadingsDetail = z
  .strictObject({
    type: z.literal('meter_readings'),
    purpose: z.enum(purposes).meta({ description: 'What the readings are for; one purpose a consent.' }),
    fuels: z.array(z.enum(fuels)).min(1).max(fuels.length).refine(distinct, 'names a fuel twice'),
    registers: z
      .array(z.enum(registers))
      .min(1)
      .max(registers.length)
      .refine(distinct, 'names a register twice')
      .default(['import']),
    resolution: z
      .enum(resolutions)
      .meta({ description: 'The finest that is asked for; a householder may give a coarser one.' }),
    from: localDateText.meta({ description: 'First local day asked for.' }),
    until: localDateText.meta({ description: 'First local day that is not shared.' }),
    note: z
      .string()
      .regex(/^[a-z0-9-]{1,60}$/)
      .optional()
      .meta({ description: 'The name of an approved text.' }),
    once: z.boolean().optional().meta({ description: 'True for a single read.' }),
  })
  .refine(({ from, until }) => from < until, 'from is before until');

export type RequestedDetail = z.output<typeof meterReadingsDetail>;

/** What was granted: what the householder left of the request, and the ids to read it by. */
export interface GrantedDetail extends Omit<RequestedDetail, 'note'> {
  readonly consent_id: ConsentId;
  readonly meter_points: readonly MeterRef[];
}

/** The same as it comes back in a token that we signed: what limits a read must be there. */
export const grantedDetailClaim = z.looseObject({
  type: z.literal('meter_readings'),
  purpose: z.enum(purposes),
  fuels: z.array(z.enum(fuels)),
  registers: z.array(z.enum(registers)),
  resolution: z.enum(resolutions),
  from: localDateText,
  until: localDateText,
  consent_id: z.string(),
  meter_points: z.array(z.string()).min(1),
});

export type DetailReach = Reach & { readonly recipientsNotActive: number };

/**
 * Reads the parameter `authorization_details`; whatever the policies would refuse of it later is refused now. Throws OauthError
 * `invalid_authorization_details`.
 */
export function readRequestedDetail(
  text: string,
  thirdParty: ThirdParty,
  reach: DetailReach,
  clock: Clock,
): RequestedDetail {
  const [detail, ...further] = readArray(text);
  if (further.length > 0 || detail === undefined)
    throw invalidAuthorizationDetails('send exactly one detail: a consent has one purpose');
  return checkedDetail(detail, thirdParty, reach, clock);
}

/** The same of one detail, whoever wrote it. */
export function checkedDetail(
  detail: unknown,
  thirdParty: ThirdParty,
  reach: DetailReach,
  clock: Clock,
): RequestedDetail {
  refuseUnknownType(detail, thirdParty);
  const read = meterReadingsDetail.safeParse(detail);
  if (!read.success)
    throw invalidAuthorizationDetails(read.error.issues.slice(0, 3).map(issueText).join('; '));
  const refusal = refusalOf(read.data, thirdParty, reach, clock);
  if (refusal) throw invalidAuthorizationDetails(refusal);
  return read.data;
}

/** The value of the parameter, an array of anything yet. Throws `invalid_authorization_details`. */
export function readArray(text: string): unknown[] {
  if (text.length > longestText)
    throw invalidAuthorizationDetails(`it has at most ${longestText} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidAuthorizationDetails('it is not JSON');
  }
  if (!Array.isArray(value)) throw invalidAuthorizationDetails('it is not a JSON array');
  return value;
}

function refuseUnknownType(detail: unknown, thirdParty: ThirdParty): void {
  const type =
    typeof detail === 'object' && detail !== null ? (detail as { type?: unknown }).type : undefined;
  const known = detailTypes.find((each) => each === type);
  if (!known) throw invalidAuthorizationDetails(`type is ${detailTypes.join(' or ')}`);
  if (!thirdParty.detailTypes.includes(known))
    throw invalidAuthorizationDetails(`${known} is not registered for this third party`);
}

export const issueText = (issue: z.core.$ZodIssue): string =>
  `${issue.path.join('.') || 'detail'}: ${issue.message}`;

function refusalOf(
  detail: RequestedDetail,
  thirdParty: ThirdParty,
  reach: DetailReach,
  clock: Clock,
): string | null {
  const rule = purposeRule(thirdParty.class, detail.purpose);
  if (detail.purpose === 'council-tax') return 'council-tax is refused as a purpose';
  if (!rule || !thirdParty.purposes.includes(detail.purpose))
    return `the purpose ${detail.purpose} is not registered for this third party`;
  if (rule.gate !== 'consent') return `${detail.purpose} is not asked of a householder`;
  if (detail.purpose === 'research' && thirdParty.ethicsNumber === null)
    return 'research needs the number of an ethics approval, and none is registered';
  if (reach.recipientsNotActive > 0) return 'a recipient that is registered for you is not in good standing';
  const within = ruleWithin(rule, reach);
  if ('refusal' in within) return within.refusal;
  return (
    resolutionRefusal(detail, within.rule) ??
    noteRefusal(detail, thirdParty) ??
    windowRefusal(detail, within.rule, clock)
  );
}

const resolutionRefusal = ({ purpose, resolution }: RequestedDetail, { finest }: PurposeRule) =>
  finest === null || isFiner(resolution, finest)
    ? `for ${purpose} the finest resolution is ${finest}, over you, your group and your recipients`
    : null;

const noteRefusal = ({ note }: RequestedDetail, thirdParty: ThirdParty) =>
  note !== undefined && !Object.hasOwn(thirdParty.notes, note)
    ? `the note ${note} is not an approved text of this third party`
    : null;

const startOfMonth = (date: LocalDate): LocalDate => localDate(`${date.slice(0, 8)}01`);

// The zone of the meter point is not known yet: a day more on either side covers every zone.
function windowRefusal(
  { purpose, from, until, once }: RequestedDetail,
  { monthsBack, ahead }: PurposeRule,
  clock: Clock,
): string | null {
  const today = localDateAt(clock.nowMs(), 'UTC');
  const latest = addDays(today, 1);
  // What is read once may be read as late as any consent lasts.
  const inDays = 'days' in ahead && once !== true;
  if (
    until > (inDays ? addDays(latest, ahead.days) : addMonths(latest, 'months' in ahead ? ahead.months : 12))
  )
    return inDays
      ? `for ${purpose} until is at most ${ahead.days} days ahead, or the request is for a single read (once)`
      : `for ${purpose} until is at most ${'months' in ahead ? ahead.months : 12} months ahead`;
  if (from < startOfMonth(addMonths(addDays(today, -1), -monthsBack)))
    return `for ${purpose} from is at most ${monthsBack} months back, and the rest of that month`;
  return null;
}
