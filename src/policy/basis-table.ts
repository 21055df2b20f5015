// By what right each rule stands, as a table: made from the policies themselves, so that no page can say otherwise. Pure.
import type { Rule } from './engine.ts';

export type Standing = 'law' | 'proposal' | 'check';

export interface BasisRow {
  readonly id: string;
  readonly effect: Rule['effect'];
  readonly reason: string | null;
  /** `check` wherever anything in it is still to be checked. */
  readonly standing: Standing;
  readonly basis: string;
}

export const standingWords: Readonly<Record<Standing, string>> = {
  law: 'Law says so',
  proposal: 'This project says so, and no law does',
  check: 'Law may say so: it is still to be checked, and is not stated as law',
};

export const basisRows = (rules: readonly Rule[]): BasisRow[] =>
  rules
    .map(({ id, effect, reason, basis }) => ({ id, effect, reason, basis, standing: standingOf(basis) }))
    .sort((a, b) => order.indexOf(a.standing) - order.indexOf(b.standing) || (a.id < b.id ? -1 : 1));

const order: readonly Standing[] = ['law', 'proposal', 'check'];

const standingOf = (basis: string): Standing =>
  basis.includes('check:') ? 'check' : basis.startsWith('UK GDPR') ? 'law' : 'proposal';

/** docs/by-what-right.md. */
export function basisMarkdown(rules: readonly Rule[]): string {
  const rows = basisRows(rules);
  const section = (standing: Standing): string => {
    const lines = rows
      .filter((row) => row.standing === standing)
      .map(
        ({ id, effect, reason, basis }) =>
          `| \`${id}\` | ${effect} | ${reason === null ? '' : `\`${reason}\``} | ${basis} |`,
      );
    return [
      `## ${standingWords[standing]}`,
      '',
      '| rule | | refused with | by what right |',
      '|---|---|---|---|',
      ...lines,
    ].join('\n');
  };
  return [
    '# By what right',
    'Made from `policies/` by `npm run by-what-right`; a test compares. It is no legal advice.',
    ...order.map(section),
    '',
  ].join('\n\n');
}
