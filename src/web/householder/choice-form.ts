// The choice that a form brings: how much, which meters, which readings, which days. Whatever it says, it is only a choice:
// the consent room decides whether it is less.
import { z } from 'zod';
import type { ConsentChoice } from '../../consent/terms.ts';
import { idPattern, type MeterPointId } from '../../lib/ids.ts';
import { type LocalDate, parseLocalDate } from '../../lib/local-date.ts';
import { registers } from '../../policy/request.ts';
import { resolutions } from '../../registry/purposes.ts';
import type { FieldError } from '../components/form.ts';
import { dateError, type ShownChoice } from './consent-page.ts';

const oneOrMore = <Item extends z.ZodType<string>>(item: Item) =>
  z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(item).max(64)).optional();

export const choiceForm = z.object({
  resolution: z.enum(resolutions).optional(),
  meter_points: oneOrMore(z.string().regex(idPattern('meter_point'))),
  registers: oneOrMore(z.enum(registers)),
  from: z.string().max(20).optional(),
  until: z.string().max(20).optional(),
});
type Answer = z.output<typeof choiceForm>;

/** A date left empty is left as it was. */
export function readChoice(answer: Answer): { choice: ConsentChoice; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const date = (field: 'from' | 'until'): LocalDate | undefined => {
    const text = answer[field]?.trim() ?? '';
    const parsed = parseLocalDate(text);
    if (text !== '' && parsed === null) errors.push(dateError(field));
    return parsed ?? undefined;
  };
  const choice = {
    resolution: answer.resolution ?? null,
    from: date('from'),
    until: date('until'),
    registers: answer.registers,
    meterPoints: (answer.meter_points ?? []) as MeterPointId[],
  };
  return { choice, errors };
}

/** What was chosen, beside its errors. */
export const shownAgain = (answer: Answer, before: { from: LocalDate; until: LocalDate }): ShownChoice => ({
  resolution: answer.resolution ?? '',
  meterPoints: answer.meter_points ?? [],
  registers: answer.registers ?? [],
  from: answer.from ?? before.from,
  until: answer.until ?? before.until,
});
