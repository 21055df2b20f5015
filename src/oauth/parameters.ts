// The parameters of a form, as RFC 6749 section 3.2 wants them: none twice, an empty one as if it were not sent.
import { fitsJsonLimits } from '../lib/json-shape.ts';
import { invalidRequest } from './errors.ts';

export type Parameters = Readonly<Record<string, string>>;

const mostParameters = 40;
const longestValue = 16_384;

/** `body` is what express.urlencoded made of the form: a parameter that was sent twice is an array there. */
export function readParameters(body: unknown): Parameters {
  if (typeof body !== 'object' || body === null)
    throw invalidRequest('the body is application/x-www-form-urlencoded');
  const sent = Object.entries(body);
  if (sent.length > mostParameters) throw invalidRequest(`there are at most ${mostParameters} parameters`);
  const parameters: Record<string, string> = Object.create(null);
  for (const [name, value] of sent) {
    if (typeof value !== 'string') throw invalidRequest(`the parameter ${name} is sent twice`);
    if (/^\s*[[{]/.test(value) && !fitsJsonLimits(value))
      throw invalidRequest(`the parameter ${name} is too deep or has too many values`);
    if (value.length > longestValue) throw invalidRequest(`the parameter ${name} is too long`);
    if (value !== '') parameters[name] = value;
  }
  return parameters;
}
