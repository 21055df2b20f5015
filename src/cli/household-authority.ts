// `stabledoor household authority`: records that whoever signs in with an address answers for the home as somebody's
// attorney or deputy. What they give then says so.
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { type AuthorityKind, authorityKinds, recordAuthority } from '../household/authority.ts';
import { UsageError } from './failure.ts';
import { withDatabase } from './opened.ts';
import { openOutput } from './output.ts';

interface AuthorityOptions {
  readonly email: string;
  readonly kind: string;
  readonly reference?: string;
  readonly json?: true;
}

export function addAuthorityCommand(household: Command): void {
  household
    .command('authority')
    .description('record that a householder answers for the home as somebody’s attorney or deputy')
    .requiredOption('--email <address>', 'who signs in with it')
    .requiredOption('--kind <kind>', `${authorityKinds.join(', ')}, or none to take it back`)
    .option('--reference <text>', 'where the papers that show it are found, at most 100 letters')
    .option('--json', 'answer with JSON')
    .action(async ({ email, kind, reference = '', json }: AuthorityOptions) => {
      if (kind !== 'none' && !authorityKinds.includes(kind as AuthorityKind))
        throw new UsageError(`--kind: ${authorityKinds.join(', ')} or none`);
      if (kind !== 'none' && (reference.trim() === '' || reference.length > 100 || /\p{C}/u.test(reference)))
        throw new UsageError('--reference: 1 to 100 letters on one line that say where the papers are');
      const authority = kind === 'none' ? null : { kind: kind as AuthorityKind, reference: reference.trim() };
      await withDatabase(readConfig(), ({ db }) => recordAuthority(db, email, authority), { writes: true });
      const words = kind === 'none' ? 'answers for no one else' : `answers as ${kind}`;
      openOutput(json ?? false).answer({ email, kind }, `${email} ${words}`);
    });
}
