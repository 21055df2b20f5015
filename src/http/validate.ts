// Checks what a caller sent against a schema; what does not fit is refused with the name of the field.
// The message never repeats the value: it may be a secret, or long, or someone's attempt to write into our log.
import type { z } from 'zod';
import { StabledoorError } from '../lib/errors.ts';

/** Errors: `invalid_request`, naming the first field that does not fit. */
export function validate<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') || issueKeys(issue) || 'the request';
  throw new StabledoorError('invalid_request', `${field}: ${issue?.message ?? 'does not fit'}`.slice(0, 300));
}

const issueKeys = (issue: z.core.$ZodIssue | undefined): string =>
  issue?.code === 'unrecognized_keys' ? issue.keys.map((key) => key.slice(0, 60)).join(', ') : '';
