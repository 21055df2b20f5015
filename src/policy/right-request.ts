// The facts that a read without a consent is decided on, and how they are put to Cedar. Pure, as request.ts is.
import {
  type CedarRequest,
  count,
  type Days,
  type DisclosureRequest,
  day,
  openEndedDay,
  type Purpose,
  type Register,
  type Resolution,
  seconds,
  value,
  values,
} from './request.ts';

export interface RightRequest {
  readonly thirdParty: Omit<DisclosureRequest['thirdParty'], 'ethicsApproved'>;
  readonly right: {
    readonly basis: 'licence' | 'order';
    /** At the moment of the read: `in-force`, or anything else. */
    readonly state: string;
    /** The finest that was ordered; null for a licence. */
    readonly resolution: Resolution | null;
    readonly registers: readonly Register[];
    /** `untilDay` null while a supply lasts. */
    readonly days: { readonly fromDay: number; readonly untilDay: number | null };
    readonly optedOut: readonly Purpose[];
  };
  /** Null for an order, which is about a place and not about who lives there. */
  readonly tenancy: DisclosureRequest['tenancy'] | null;
  readonly purpose: Purpose;
  readonly resolution: Resolution;
  readonly register: Register;
  readonly window: Days;
  readonly closedUntilDay: number;
}

/** Throws RangeError on a fact that makes no sense, as cedarRequest does. */
export function cedarRightRequest(facts: RightRequest): CedarRequest {
  const { thirdParty, right, tenancy, window } = facts;
  if (!(window.fromDay < window.untilDay)) throw new RangeError('the window of the request holds no day');
  const reached = [thirdParty.class, ...thirdParty.groupClasses, ...thirdParty.recipients.classes];
  return {
    principal: { type: 'ThirdPartyClass', id: thirdParty.class },
    action: { type: 'Action', id: 'disclose-by-right' },
    resource: { type: 'Purpose', id: facts.purpose },
    context: {
      third_party_status: thirdParty.status,
      registered_purposes: values('Purpose', thirdParty.purposes),
      reached_classes: values('ThirdPartyClass', reached),
      recipients_not_active: count(thirdParty.recipients.notActive),
      right: right.basis,
      right_state: right.state,
      right_resolution_s: right.resolution === null ? 0 : seconds(right.resolution),
      right_registers: values('Register', right.registers),
      right_from_day: day(right.days.fromDay),
      right_until_day: day(right.days.untilDay ?? openEndedDay),
      tenancy_from_day: day(tenancy?.fromDay ?? -openEndedDay),
      tenancy_until_day: day(tenancy?.untilDay ?? openEndedDay),
      opted_out: values('Purpose', right.optedOut),
      resolution_s: seconds(facts.resolution),
      register: value('Register', facts.register),
      from_day: day(window.fromDay),
      to_day: day(window.untilDay),
      closed_until_day: day(facts.closedUntilDay),
    },
  };
}
