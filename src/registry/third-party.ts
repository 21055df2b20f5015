// A third party: what the registry knows of it, and which registrations are taken.
// Class, group and purposes are set by operators, never by the third party; a purpose its class cannot have is refused here.
import { z } from 'zod';
import { type ClientId, idPattern } from '../lib/ids.ts';
import { type Purpose, purposes, type ThirdPartyClass, thirdPartyClasses } from '../policy/request.ts';
import { type Jwks, JwksFault, readJwks } from './jwks.ts';
import { nameFault } from './name-likeness.ts';
import { purposeRule, refusedClasses } from './purposes.ts';
import { calledUrlFault, redirectUriFault } from './redirect-uri.ts';

export const detailTypes = ['meter_readings'] as const;
export type DetailType = (typeof detailTypes)[number];

export type ThirdPartyStatus = 'active' | 'pending' | 'suspended';

export interface ThirdParty {
  readonly clientId: ClientId;
  readonly name: string;
  readonly tradingName: string;
  readonly class: ThirdPartyClass;
  /** The legal group: ceilings hold over all members of a group together. */
  readonly group: string;
  readonly registrationNumber: string;
  readonly status: ThirdPartyStatus;
  /** Suspended for good. Absent: no. */
  readonly struckOff?: boolean;
  readonly redirectUris: readonly string[];
  readonly purposes: readonly Purpose[];
  /** As registered, or the last good copy of what stood at `jwksUri`. */
  readonly jwks: Jwks;
  readonly jwksUri: string | null;
  readonly jwksFetchedAt: Date | null;
  readonly detailTypes: readonly DetailType[];
  /** Other registered third parties that get the readings too. */
  readonly recipients: readonly ClientId[];
  readonly retentionDays: number;
  /** Of the approval by an ethics committee; null where there is none. */
  readonly ethicsNumber: string | null;
  /** Approved texts by name, shown to householders as quotations. */
  readonly notes: Readonly<Record<string, string>>;
}

const mostRedirectUris = 20;
const longestRetentionDays = 3660;

// Control and format characters (bidi overrides, zero width) would let one name pass for another.
const shownText = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .refine((text) => text.isWellFormed() && !/\p{C}/u.test(text), 'has characters that cannot be seen');

/** A name that householders are shown. */
const shownName = shownText(120)
  .transform((name) => name.normalize('NFC'))
  .superRefine((name, context) => {
    const fault = nameFault(name);
    if (fault !== null) context.addIssue({ code: 'custom', message: fault });
  });

const distinct = <T>(items: readonly T[]): boolean => new Set(items).size === items.length;

const jwksSchema = z.unknown().transform((value, context): Jwks => {
  try {
    return readJwks(value);
  } catch (error) {
    if (!(error instanceof JwksFault)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

/** An approved text, shown to householders as a quotation. */
export const noteName = z.string().regex(/^[a-z0-9-]{1,60}$/, 'a name has small letters, digits and dashes');
export const noteText = shownText(400);

/** What two operators decide about a third party, and it never does. */
export const termsSchema = z.strictObject({
  class: z.enum(thirdPartyClasses, {
    error: ({ input }) =>
      (refusedClasses as readonly unknown[]).includes(input)
        ? `a ${input} has power over a householder and is refused as a class`
        : `is one of ${thirdPartyClasses.join(', ')}`,
  }),
  group: shownText(120),
  purposes: z.array(z.enum(purposes)).min(1).max(10).refine(distinct, 'names one purpose twice'),
});

export const registrationSchema = z.strictObject({
  name: shownName,
  tradingName: shownName.optional(),
  class: termsSchema.shape.class,
  group: termsSchema.shape.group.optional(),
  registrationNumber: shownText(40).optional(),
  redirectUris: z.array(z.string()).min(1).max(mostRedirectUris).refine(distinct, 'names one address twice'),
  purposes: termsSchema.shape.purposes,
  /** One of the two. */
  jwks: jwksSchema.optional(),
  jwksUri: z.string().optional(),
  detailTypes: z.array(z.enum(detailTypes)).min(1).refine(distinct).default(['meter_readings']),
  recipients: z
    .array(z.string().regex(idPattern('client')))
    .max(20)
    .refine(distinct)
    .default([]),
  retentionDays: z.int().min(0).max(longestRetentionDays).default(365),
  ethicsNumber: shownText(40).optional(),
  notes: z.record(noteName, noteText).default({}),
});

export type Registration = z.input<typeof registrationSchema>;
/** `jwks` is null where they are to be fetched. */
export type CheckedRegistration = Omit<ThirdParty, 'clientId' | 'status' | 'jwks' | 'jwksFetchedAt'> & {
  readonly jwks: Jwks | null;
};

/** Gives the registration with its defaults, or a list of faults in words. */
export function checkRegistration(
  input: unknown,
  { production }: { production: boolean },
): { readonly registration: CheckedRegistration } | { readonly faults: readonly string[] } {
  const read = registrationSchema.safeParse(input);
  if (!read.success)
    return {
      faults: read.error.issues.map((issue) => `${issue.path.join('.') || 'registration'}: ${issue.message}`),
    };
  const { tradingName, group, registrationNumber, recipients, jwks, jwksUri, ethicsNumber, ...rest } =
    read.data;
  const faults = [
    (jwks === undefined) === (jwksUri === undefined) ? 'jwks: send either jwks or jwksUri' : null,
    jwksUri === undefined ? null : calledUrlFault(jwksUri, { production }),
    ...rest.redirectUris.map((uri) => redirectUriFault(uri, { production })),
    ...rest.purposes.map((purpose) =>
      purpose === 'council-tax'
        ? 'purposes: council-tax is refused: readings are not used to find out who lives where'
        : purposeRule(rest.class, purpose)
          ? null
          : `purposes: ${purpose} is not open to the class ${rest.class}`,
    ),
    rest.purposes.includes('research') && ethicsNumber === undefined
      ? 'ethicsNumber: research needs the number of its ethics approval'
      : null,
  ].filter((fault) => fault !== null);
  if (faults.length > 0) return { faults };
  const registration: CheckedRegistration = {
    ...rest,
    jwks: jwks ?? null,
    jwksUri: jwksUri ?? null,
    tradingName: tradingName ?? rest.name,
    group: group ?? rest.name,
    registrationNumber: registrationNumber ?? '',
    ethicsNumber: ethicsNumber ?? null,
    recipients: recipients as ClientId[],
  };
  return { registration };
}
