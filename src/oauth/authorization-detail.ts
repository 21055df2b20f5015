// The authorization detail `meter_readings` (RFC 9396): what a third party asks for, and how a grant says it back.
// Strict: a field that is not listed, of another type or out of range refuses the request, so that nothing is half understood.
import { z } from 'zod';
import type { Clock } from '../lib/clock.ts';
import type { ConsentId, MeterRef } from '../lib/ids.ts';
import { addDays, addMonths, type LocalDate, localDateAt, parseLocalDate } from '../lib/local-date.ts';
import { purposes, registers } from '../policy/request.ts';
import { isFiner, purposeRule, resolutions } from '../registry/purposes.ts';
import { detailTypes, type ThirdParty } from '../registry/third-party.ts';
import { invalidAuthorizationDetails } from './errors.ts';

export const fuels = ['electricity', 'gas'] as const;

const longestText = 4096;
const mostMonthsAhead = 12;
const mostMonthsBack = 24;

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

/** Reads the parameter `authorization_details`. Throws OauthError `invalid_authorization_details`. */
export function readRequestedDetail(text: string, thirdParty: ThirdParty, clock: Clock): RequestedDetail {
  const [detail, ...further] = readArray(text);
  if (further.length > 0 || detail === undefined)
    throw invalidAuthorizationDetails('send exactly one detail: a consent has one purpose');
  refuseUnknownType(detail, thirdParty);
  const read = meterReadingsDetail.safeParse(detail);
  if (!read.success)
    throw invalidAuthorizationDetails(read.error.issues.slice(0, 3).map(issueText).join('; '));
  const refusal = purposeRefusal(read.data, thirdParty) ?? windowRefusal(read.data, clock);
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

function purposeRefusal(detail: RequestedDetail, thirdParty: ThirdParty): string | null {
  const rule = purposeRule(thirdParty.class, detail.purpose);
  if (!rule || !thirdParty.purposes.includes(detail.purpose))
    return `the purpose ${detail.purpose} is not registered for this third party`;
  if (rule.gate !== 'consent' || rule.finest === null)
    return `${detail.purpose} is not asked of a householder`;
  if (isFiner(detail.resolution, rule.finest))
    return `for ${detail.purpose} the finest resolution is ${rule.finest}`;
  if (detail.note !== undefined && !Object.hasOwn(thirdParty.notes, detail.note))
    return `the note ${detail.note} is not an approved text of this third party`;
  return null;
}

// The zone of the meter point is not known yet: a day more on either side covers every zone.
function windowRefusal({ from, until }: RequestedDetail, clock: Clock): string | null {
  const today = localDateAt(clock.nowMs(), 'UTC');
  if (until > addMonths(addDays(today, 1), mostMonthsAhead))
    return `until is at most ${mostMonthsAhead} months ahead`;
  if (from < addMonths(addDays(today, -1), -mostMonthsBack))
    return `from is at most ${mostMonthsBack} months back`;
  return null;
}
