// What a policy set changes against another, and whether it weakens it. Pure.
// Sound and coarse: that a set only forbids more is said only where no reading of it could allow what the other refused.
import type { Policy } from './engine.ts';

export interface PolicyChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Of the same name, and saying something else. */
  readonly changed: readonly string[];
  readonly schemaChanged: boolean;
  /** False only where every request that the former set refuses is refused by this one. */
  readonly weakens: boolean;
}

type Comparable = Pick<Policy, 'rules' | 'schema'>;

/**
 * A set decides: allowed where a permit applies and no forbid does. So with the same schema, no permit that was not there, and
 * every forbid that was there, it can only refuse more. Anything else counts as a weakening, whatever it would really do.
 */
export function changeBetween(former: Comparable, next: Comparable): PolicyChange {
  const before = new Map(former.rules.map((rule) => [rule.id, rule.content]));
  const after = new Map(next.rules.map((rule) => [rule.id, rule.content]));
  const schemaChanged = former.schema !== next.schema;
  const isWithin = (one: Comparable, other: Comparable, effect: string) => {
    const contents = new Set(other.rules.map((rule) => rule.content));
    return one.rules.every((rule) => rule.effect !== effect || contents.has(rule.content));
  };
  const onlyForbidsMore =
    !schemaChanged && isWithin(next, former, 'permit') && isWithin(former, next, 'forbid');
  return {
    added: [...after.keys()].filter((id) => !before.has(id)),
    removed: [...before.keys()].filter((id) => !after.has(id)),
    changed: [...after].filter(([id, content]) => (before.get(id) ?? content) !== content).map(([id]) => id),
    schemaChanged,
    weakens: !onlyForbidsMore,
  };
}
