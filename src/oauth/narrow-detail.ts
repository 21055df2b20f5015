// Narrowing at the token endpoint (RFC 9396 section 6): a token for less than was granted, and never for more.
// What is not named stays as granted; what is named must lie within it, field by field.
import { z } from 'zod';
import { purposes, registers } from '../policy/request.ts';
import { isFiner, resolutions } from '../registry/purposes.ts';
import { fuels, type GrantedDetail, issueText, localDateText, readArray } from './authorization-detail.ts';
import { invalidAuthorizationDetails } from './errors.ts';

const some = <Item extends z.ZodType<string>>(item: Item) => z.array(item).min(1).max(64).optional();

const narrowingDetail = z.strictObject({
  type: z.literal('meter_readings'),
  purpose: z.enum(purposes).optional(),
  fuels: some(z.enum(fuels)),
  registers: some(z.enum(registers)),
  resolution: z.enum(resolutions).optional(),
  from: localDateText.optional(),
  until: localDateText.optional(),
  once: z.boolean().optional(),
  consent_id: z.string().optional(),
  meter_points: some(z.string()),
});
type Narrowing = z.output<typeof narrowingDetail>;

/** The granted detail, or less of it. Throws OauthError `invalid_authorization_details`. */
export function narrowDetail(granted: GrantedDetail, text: string | undefined): GrantedDetail {
  if (text === undefined) return granted;
  const [detail, ...further] = readArray(text);
  if (detail === undefined || further.length > 0)
    throw invalidAuthorizationDetails('send exactly one detail: the grant has one');
  const read = narrowingDetail.safeParse(detail);
  if (!read.success)
    throw invalidAuthorizationDetails(read.error.issues.slice(0, 3).map(issueText).join('; '));
  const wider = widerField(granted, read.data);
  if (wider) throw invalidAuthorizationDetails(`${wider} is more than was granted`);
  const narrowed = { ...granted, ...read.data } as GrantedDetail;
  if (narrowed.from >= narrowed.until) throw invalidAuthorizationDetails('from is before until');
  return narrowed;
}

/** The first field that asks for more than was granted, or for something else. */
function widerField(granted: GrantedDetail, asked: Narrowing): string | null {
  const within: Readonly<Record<string, boolean>> = {
    purpose: asked.purpose === undefined || asked.purpose === granted.purpose,
    fuels: isPart(asked.fuels, granted.fuels),
    registers: isPart(asked.registers, granted.registers),
    resolution: asked.resolution === undefined || !isFiner(asked.resolution, granted.resolution),
    from: asked.from === undefined || asked.from >= granted.from,
    until: asked.until === undefined || asked.until <= granted.until,
    once: asked.once === undefined || asked.once === (granted.once ?? false),
    consent_id: asked.consent_id === undefined || asked.consent_id === granted.consent_id,
    meter_points: isPart(asked.meter_points, granted.meter_points),
  };
  return Object.keys(within).find((field) => !within[field]) ?? null;
}

const isPart = (asked: readonly string[] | undefined, granted: readonly string[]): boolean =>
  asked === undefined || asked.every((item) => granted.includes(item));
