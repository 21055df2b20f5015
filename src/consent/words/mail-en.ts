// Every sentence of the mails about a consent, in English. Like the pages they push nobody and promise nothing that we
// cannot keep: a test reads this file for the words we do not say.

export interface MailWords {
  readonly party: string;
  readonly why: string;
  /** A line each. */
  readonly what: readonly string[];
  readonly firstDay: string;
  readonly lastDay: string;
  readonly ends: string;
  readonly stopLink: string;
  readonly page: string;
}

const shared = ({ party, why, what, firstDay, lastDay, ends }: MailWords): string =>
  `Who: ${party}\nWhy: ${why}\nWhat: ${what.join('; ')}\nWhich days: ${firstDay} to ${lastDay}\nIt ends: ${ends}\n`;

const stopping = ({ stopLink, page }: MailWords): string =>
  `To stop, open this page and press the button there. You do not have to sign in:\n${stopLink}\n\n` +
  `Whoever has this link can stop this sharing, and can do nothing else with it.\n` +
  `To see all that you share, or to share less, sign in: ${page}\n\n` +
  'Stopping ends all new looks. It cannot bring back what they have seen. We never ask you for a password.\n';

export const consentMail = {
  receipt: (words: MailWords) => ({
    subject: `Your receipt: you share your energy use with ${words.party}`,
    text:
      `This is what you share from now on.\n\n${shared(words)}\n${stopping(words)}\n` +
      'The signed receipt is attached: it holds the words that you were shown, and the proof that we wrote it down.\n',
  }),
  reminder: (words: MailWords) => ({
    subject: `You still share your energy use with ${words.party}`,
    text: `We remind you every 90 days of what you share.\n\n${shared(words)}\n${stopping(words)}`,
  }),
  ending: (words: MailWords) => ({
    subject: `Sharing with ${words.party} ends on ${words.ends}`,
    text: `This ends by itself. You do not have to do anything.\n\n${shared(words)}\n${stopping(words)}`,
  }),
} as const;

/** After our records were brought back from a copy: what was shared has ended, whatever was changed since. */
export const restoredMail = ({ party, why, page }: Pick<MailWords, 'party' | 'why' | 'page'>) => ({
  subject: `Sharing with ${party} has ended`,
  text:
    'We had to bring our records back from a copy. What you changed after that copy was made may be lost, ' +
    'and we do not know what it was. So we ended everything that was shared.\n\n' +
    `Who: ${party}\nWhy: ${why}\n\n` +
    'They see nothing new from now on. You do not have to do anything. ' +
    'If they still want to look, they have to ask you again, and you can say no.\n\n' +
    `To see what you share now, sign in: ${page}\n`,
});
