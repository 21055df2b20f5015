// The facts of a decision as they are committed to and kept: small, in the names of the schema, and exactly what Cedar was
// asked. Pure. A decision can be made again from them by any version that can open the policy text of that time.
import { z } from 'zod';
import type { JsonValue } from '../lib/canonical-json.ts';
import type { CedarRequest } from './request.ts';

type Fact = CedarRequest['context'][string];

/** `{"action", "class", "purpose", "context"}`; in the context `{"Purpose": "claim"}` is a name and `{"Purpose": […]}` a set of names. */
export const factsAsJson = ({ principal, action, resource, context }: CedarRequest): JsonValue => ({
  action: action.id,
  class: principal.id,
  purpose: resource.id,
  context: Object.fromEntries(Object.entries(context).map(([name, fact]) => [name, factAsJson(fact)])),
});

function factAsJson(fact: Fact): JsonValue {
  if (typeof fact !== 'object') return fact;
  if (!('length' in fact)) return { [fact.__entity.type]: fact.__entity.id };
  return { [fact[0]?.__entity.type ?? '']: fact.map(({ __entity }) => __entity.id) };
}

const named = z.record(z.string(), z.union([z.string(), z.array(z.string())]));
const kept = z.strictObject({
  action: z.string(),
  class: z.string(),
  purpose: z.string(),
  context: z.record(z.string(), z.union([z.number(), z.string(), named])),
});

/** The question again; null for anything that is not of this form. */
export function questionOf(facts: JsonValue): CedarRequest | null {
  const read = kept.safeParse(facts);
  if (!read.success) return null;
  const { action, purpose, context } = read.data;
  return {
    principal: { type: 'ThirdPartyClass', id: read.data.class },
    action: { type: 'Action', id: action },
    resource: { type: 'Purpose', id: purpose },
    context: Object.fromEntries(Object.entries(context).map(([name, fact]) => [name, factOf(fact)])),
  };
}

function factOf(fact: number | string | z.output<typeof named>): Fact {
  if (typeof fact !== 'object') return fact;
  const [type = '', ids = []] = Object.entries(fact)[0] ?? [];
  const entity = (id: string) => ({ __entity: { type, id } });
  return typeof ids === 'string' ? entity(ids) : ids.map(entity);
}
