// Who answers for what, in plain words: the public page /who-answers. What is law, what is this project's own and what is still
// to be checked comes from the policies, not from here.

export const duties = {
  title: 'Who answers for what',
  intro:
    'In short: you decide, whoever reads answers for what it reads, and we answer for this service and its record.',
  parts: [
    {
      heading: 'Who answers for your readings',
      text: [
        'Whoever you share with answers for what it is given: what it uses it for, who else gets it, and for how long it keeps it. We cannot check what it does.',
        'The people who run this service answer for the record of who read what. That record does not rest on your consent: it is kept so that you and a regulator can see what was read, and it stays when you stop sharing.',
        'What is in the record says nothing of how much you use, and does not name you.',
      ],
    },
    {
      heading: 'What we do not see',
      text: ['Your supplier and others can read your meter without us. We do not see that.'],
    },
    {
      heading: 'What this service cannot do',
      text: ['Nothing here can switch anything off.', 'No charge to you, ever.'],
    },
    {
      heading: 'How long things are kept',
      text: [
        'What you agreed to, its exact words, and each read of it: as long as the record is kept. You can have everything that leads to you erased. The record then still adds up, and no longer leads to you.',
        'What a company keeps, it says before you share, and we show it. We cannot check it.',
      ],
    },
    {
      heading: 'If something is wrong',
      text: [
        'Tell the people who run this service. They say within 30 days that they have your complaint, and then what came of it.',
        'You can also complain to the Information Commissioner (ico.org.uk) at any time, without asking us first.',
      ],
    },
  ],
  table: 'By what right each rule stands',
  about:
    'These are the rules that decide what may leave. They come from the rules themselves, as they bind now.',
  columns: ['Rule', 'By what right'],
} as const;
