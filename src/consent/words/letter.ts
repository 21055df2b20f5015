// The words of a consent as a letter: plain text that prints anywhere, for whoever has no e-mail or wants it on paper.
export const letterWords = {
  title: (party: string) => `What you share with ${party}`,
  asked: (party: string) => `What ${party} asked of you`,
  now: (state: string, day: string) => `Today, ${day}: ${state}`,
  why: 'Why',
  howMuch: 'How much',
  meters: 'Which meter',
  days: 'Which days',
  ends: 'Ends',
  since: 'What happened',
  shown: 'What you were shown',
  step: (what: string, day: string, entry: number | null) =>
    `${day}: ${what}${entry === null ? '' : ` (entry ${entry} of our record)`}`,
  reference: (id: string) => `Number of this consent: ${id}`,
  stop: (page: string, phone: string | null) =>
    `You can stop at any time: at ${page}${phone === null ? '' : `, by phone (${phone})`}, or by post: send us a card ` +
    'with the number of this consent and the word stop. Stopping ends all new looks. It cannot bring back what they have seen.',
  noCharge: 'There is no charge to you, ever.',
} as const;

export const stepWords = {
  request: 'they asked',
  give: 'you said yes',
  refuse: 'you said no',
  lapse: 'the time to answer was over',
  narrow: 'you made it less',
  stop: 'sharing stopped',
  expire: 'its time was over',
  end: 'it ended',
  return: 'they gave it back',
  supersede: 'a newer one took its place',
} as const;

export const nowWords = {
  requested: 'not answered yet',
  given: 'sharing',
  refused: 'not shared',
  lapsed: 'not shared',
  stopped: 'stopped',
  expired: 'over',
  ended: 'over',
  returned: 'over',
  superseded: 'replaced by a newer one',
} as const;
