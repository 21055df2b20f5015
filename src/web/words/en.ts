// Every sentence of the householder's pages, in English. What a consent says is in consent/words, because it is kept.
// Short words, short sentences; a test reads this file for the words we do not say.
import type { ConsentState } from '../../consent/consent.ts';
import type { ChoiceProblem } from '../../consent/terms.ts';

export const site = {
  name: 'Stabledoor',
  skip: 'Skip to main content',
  consents: 'What you share',
  signIn: 'Sign in',
  signOut: 'Sign out',
  leave: 'Leave this page',
  error: 'Error: ',
  problem: 'There is a problem',
  help: (phone: string | null) =>
    phone === null
      ? 'Help: ask the people who run this service. The phone number is in the letter or e-mail they sent you.'
      : `Help: phone ${phone}.`,
  noCharge: 'No charge to you, ever. Nothing here can switch anything off.',
  /** On every page: none may be read as showing all that there is. */
  court: 'A court can order us not to show an access yet.',
} as const;

export const start = {
  title: 'You decide who sees your energy use',
  what: 'Your smart meter keeps a record of your home. Others may ask to see it. Here you say yes, less, or no.',
  stop: 'You can stop at any time, with one press.',
  other: 'Your supplier and others can read your meter without us. We do not see that.',
} as const;

export const signIn = {
  title: 'Sign in',
  intro: 'We send a code to your e-mail address. There is no password.',
  noPassword:
    'Nobody who asks for your energy use ever needs your password for your e-mail or your supplier.',
  email: 'E-mail address',
  codeTitle: 'Enter the code',
  sent: 'If we know this address, a code is on its way to it. It works for 10 minutes, on this device.',
  code: 'Code',
  codeHint: '8 numbers',
  continue: 'Continue',
  again: 'Send another code',
  demo: 'Demo: the code in the mail is',
  demoMail: 'See the mail of this demo',
  badEmail: 'Enter an e-mail address, like name@example.org',
  badCode: 'This code does not work. Check it, or send another one.',
} as const;

export const signInMail = {
  subject: 'Your code to sign in',
  text: (code: string) =>
    `${code}\n\nEnter this code on the page where you asked for it. It works for 10 minutes.\n\n` +
    'If you did not ask for it, do nothing. Nobody can sign in without it. We never ask you for it by phone.\n',
} as const;

export const passkeys = {
  title: 'Passkeys',
  what: 'A passkey lets you sign in with this phone or computer: with your finger, your face or its PIN. No code is sent.',
  stays: 'You can still sign in with a code by e-mail.',
  none: 'You have no passkey here.',
  yours: 'Your passkeys',
  added: (day: string) => `Added on ${day}`,
  used: (day: string) => `Last used on ${day}`,
  synced: 'It is on your other devices too.',
  remove: 'Remove',
  removeWhich: (label: string) => `the passkey ${label}`,
  add: 'Add a passkey',
  label: 'A name for it',
  labelHint: 'So that you know it again, like “my phone”',
  badLabel: 'Enter a name for the passkey',
  notAdded: 'The passkey was not added. Try again.',
  signInTitle: 'Sign in with a passkey',
  signInInstead: 'Sign in with a passkey',
  codeInstead: 'Sign in with a code by e-mail',
  signInWhat: 'Your phone or computer asks for your finger, your face or its PIN.',
  use: 'Use a passkey',
  without: 'This browser has no script or no passkeys. Use a code by e-mail.',
  failed: 'No passkey was used. Try again, or use a code by e-mail.',
  refused: 'This passkey does not work here. Try again, or use a code by e-mail.',
} as const;

export const passkeyMail = {
  subject: (added: boolean) => (added ? 'A passkey was added' : 'A passkey was removed'),
  text: (label: string, added: boolean) =>
    `The passkey “${label}” was ${added ? 'added to' : 'removed from'} your page here.\n\n` +
    'If that was not you, sign in with a code, look at your passkeys, and phone us.\n',
} as const;

export const homes = {
  title: 'Your homes',
  none: 'You have no home here yet. Enter the code from our letter.',
  until: (day: string) =>
    `You have shown that you live here. Show it again by ${day}, with a new code from the post.`,
  lapsed: 'Show that you live here, with a new code from the post. Until then nothing of it can be shared.',
  former: 'This was your home.',
  codeTitle: 'Enter the code from our letter',
  codeWhat:
    'We post the letter to the home, so that whoever gets its post can enter it. Ask for one by phone.',
  code: 'Code',
  codeHint: '16 letters and numbers, like 4F7K-9QXM-2TRW-0HJC',
  fresh: 'Start afresh',
  freshHint:
    'End what anybody else has at this home: their sharing, their helpers, their place here. They are not told. ' +
    'Your own helpers go as well.',
  freshLegend: 'Has somebody left, or do you want this home to be yours alone?',
  enter: 'Enter',
  badCode: 'This code does not work. Check it, or ask for a new letter.',
  linkedTitle: 'You have shown that you live here',
  linked: (address: string) => `${address} is on your page now.`,
  linkedFresh: 'What anybody else had here has ended.',
  stopAll: 'Stop all sharing',
  stopAllAt: (address: string) => `for ${address}`,
  stopAllWhat:
    'It ends all sharing about this meter, by anybody who lives here. You are not shown whose it was.',
  stoppedTitle: 'All sharing for this meter has stopped',
  stopped: (address: string) =>
    `Nobody can look at readings of ${address} any more, unless somebody here says yes again.`,
} as const;

export const helpers = {
  title: 'Who helps you',
  what: 'Somebody you choose can see what you share and stop it for you. They can never share anything.',
  none: 'No one helps you here.',
  invited: (email: string) => `${email}: asked, has not answered`,
  helps: (email: string) => `${email} helps you`,
  end: 'End',
  endWhich: (email: string) => `the help of ${email}`,
  invite: 'Ask somebody to help',
  email: 'Their e-mail address',
  ask: 'Ask',
  badEmail: 'Enter an e-mail address, like name@example.org. You can ask five people a day.',
  acceptTitle: 'Help somebody with what they share',
  acceptWhat: (email: string) =>
    `They see your address, ${email}, as the one who helps. You can see what they share and stop it. You can share nothing for them.`,
  accept: 'Help them',
  notOpenTitle: 'This invitation is not open',
  notOpen: 'It may be too old, or answered already. Ask for another one.',
  helping: 'Who you help',
  helpingNone: 'You help no one here.',
  see: (email: string) => `What ${email} shares`,
  nothing: 'They share nothing here.',
  leave: 'Stop helping',
  stop: 'Stop sharing',
  stopWith: (party: string) => `with ${party}`,
} as const;

export const helperMail = {
  subject: 'Somebody asks you to help',
  text: (from: string, link: string) =>
    `${from} asks you to help with what they share of their energy use. You could see it and stop it, and share nothing.\n\n` +
    `${link}\n\nIf you do not want to, do nothing. The link works for 7 days.\n`,
} as const;

export const letterPage = {
  link: 'As a letter',
  linkWith: (party: string) => `about ${party}`,
  print: 'You can print this page.',
} as const;

export const signConsent = {
  title: 'Sign with your passkey',
  what: 'Your phone or computer signs exactly this, so that whoever checks our record can see that it was you.',
  sign: 'Sign and share',
  without: 'This browser has no script or no passkeys.',
  refused: 'This was not signed. Try again.',
  codeWhat:
    'You do not have the passkey here? Share with the code that you signed in with. Our record says that it was a code.',
  byCode: 'Share without the passkey',
  back: 'Go back to the choice',
} as const;

export const consentPage = {
  fewerDays: 'Share fewer days',
  fewerDaysHint: 'You can start later or end sooner than they asked.',
  from: 'First day they may see',
  until: 'The day it ends. They do not see this day.',
  share: 'Share',
  refuse: 'Do not share',
  forced: 'Is someone making you do this? Leave this page now and talk to someone you choose.',
  answered: 'This request was answered already',
  answeredText: 'What you share now is on your page.',
  notOpen: 'This request is not open',
  notOpenText:
    'It may be too old, or answered already. Go back to the site or app that sent you here, and start again there.',
} as const;

export const narrow = {
  link: 'Share less',
  linkWith: (party: string) => `with ${party}`,
  title: (party: string) => `Share less with ${party}`,
  what: 'It holds at once. You do not have to ask them. You cannot make it more again here: for that, start at their site.',
  howMuch: 'How much may they see from now on?',
  meters: 'Which meter may they still see?',
  registers: 'Which readings may they still see?',
  days: 'Which days may they still see?',
  keeps: (party: string) => `${party} may keep what it has seen.`,
  submit: 'Share less',
  doneTitle: (party: string) => `You share less with ${party} now`,
  done: 'They cannot look at the rest any more. We tell them that it is less, not why.',
} as const;

export const door = {
  link: 'Keep my door shut',
  title: 'Keep my door shut',
  isShut:
    'Your door is shut. Every request is refused, and you are not asked. They are told no, as from anyone.',
  isOpen: 'Your door is open: when somebody asks, you see it and say yes, less, or no.',
  goesOn:
    'What you share now goes on until you stop it. This is about you alone, and you can change it at any time.',
  shut: 'Shut my door',
  open: 'Open my door',
  quiet: (party: string, until: string) => `${party} cannot ask you for this again before ${until}.`,
  letAsk: 'Let them ask again',
  letAskWho: (party: string) => `(${party})`,
} as const;

export const stopLink = {
  title: (party: string) => `Stop sharing with ${party}?`,
  what: 'It stops when you press the button, at once. You do not have to sign in.',
} as const;

export const receipt = {
  link: 'Your receipt',
  linkWith: (party: string) => `for ${party} (a signed file)`,
} as const;

export const choiceProblems: Readonly<Record<ChoiceProblem, string>> = {
  resolution_missing: 'Choose how much they may see',
  resolution_finer: 'Choose one of the steps on this page',
  from_earlier: 'Choose a first day that is not before what they asked for',
  until_later: 'Choose an end that is not after what they asked for',
  window_empty: 'Choose an end that comes after the first day',
  registers_none: 'Choose which readings they may see',
  registers_more: 'Choose from the readings on this page',
  meter_points_none: 'Choose a meter',
  meter_points_unknown: 'Choose from the meters on this page',
  nothing_less: 'Choose something that is less than now',
};

export const dateProblem = 'Enter a real date, like 2026-03-31';

export const dashboard = {
  title: 'What you share',
  sharing: 'Sharing now',
  over: 'Ended',
  refused: 'Not shared',
  nothing: 'You share nothing here.',
  others: 'Others may share about this home.',
  why: 'Why',
  howMuch: 'How much',
  meters: 'Which meter',
  days: 'Which days',
  since: 'Since',
  ends: 'Ends',
  ended: 'Ended',
  meter: (fuel: 'electricity' | 'gas', address: string) =>
    `${fuel === 'gas' ? 'Gas' : 'Electricity'}, ${address}`,
  stop: 'Stop sharing',
  stopWith: (party: string) => `with ${party}`,
  beforeStop: (party: string) =>
    `If ${party} does something for you with this, ask them what changes. They may keep what they have. ` +
    'You can ask them to delete it.',
} as const;

export const complaints = {
  title: 'Complain',
  link: 'Complain to us',
  what: 'Write to the people who run this service. They say here within 30 days that they have it, and then what came of it.',
  elsewhere:
    'You can also complain to the Information Commissioner (ico.org.uk) at any time, without asking us first.',
  label: 'What is wrong?',
  send: 'Send',
  empty: 'Write 1 to 2,000 letters.',
  many: 'Ten of your complaints wait for an answer. Wait for one of them.',
  of: (day: string) => `Your complaint of ${day}`,
  waits: 'Sent',
  here: (day: string) => `We have it, since ${day}`,
  answered: (day: string) => `Answered on ${day}`,
  answer: 'Our answer',
} as const;

export const told = {
  title: 'We told them',
  delivered: (day: string) => `They took the message on ${day}`,
  waits: 'The message is on its way. They have not taken it yet',
  mailed: (day: string) => `They did not take the message. We wrote to them on ${day}`,
  refused: 'They did not take the message',
} as const;

export const byLaw = {
  title: 'By law',
  none: 'No supplier of your home is known here. Nobody has looked by law.',
  suppliers: (names: string) =>
    `Your supplier is ${names}. The law lets a supplier look at some of this without asking you: each month, to bill you. ` +
    'Some of it you can refuse.',
  refuse: 'What do you refuse?',
  refusals: {
    forecasting: 'Half hours to plan how much energy to buy. They get days.',
    service: 'Days to look after your account. They get nothing for it.',
    settlement: 'Half hours to share out costs between suppliers. They get days.',
  },
  save: 'Save',
  reads: 'Your supplier looked',
  looked: (told: { on: string; who: string; days: string; fine: string; why: string }) =>
    `${told.on}: ${told.who} looked at ${told.days}, ${told.fine}, ${told.why}`,
  orders: 'A court or a law made us show this',
  order: (told: { who: string; by: string; days: string; fine: string; times: number }) =>
    `${told.who}, by ${told.by}: ${told.days}, ${told.fine}. They looked ${told.times === 1 ? 'once' : `${told.times} times`}.`,
} as const;

export const stateWords: Readonly<Record<ConsentState, string>> = {
  requested: 'Asked, not answered',
  given: 'Sharing',
  refused: 'You said no',
  lapsed: 'Not answered in time',
  stopped: 'Stopped',
  expired: 'Its time was over',
  ended: 'Ended',
  returned: 'They gave it back',
  superseded: 'Replaced by a newer one',
};

export const stopped = {
  title: (time: string) => `Sharing has stopped at ${time}`,
  overTitle: 'Sharing had ended before',
  now: (party: string) =>
    `${party} cannot look again. We tell them that sharing has ended, not who ended it or why.`,
  unwritten:
    'It holds now. Our record cannot be written at this moment: this stop is the first thing in it once it can. ' +
    'Until then nobody can look at anything.',
  keeps: (party: string) => `${party} may keep what it has seen. You can ask them to delete it.`,
  again: (party: string) => `If you want to share again, start at ${party} and say yes here.`,
  request: 'A letter you can send them',
  letter: (party: string, day: string) =>
    `To ${party}: on ${day} I stopped sharing my energy use with you. Please delete what you hold of it, and ` +
    'tell me when you have done so.',
  back: 'Back to what you share',
  notYetTitle: 'Not stopped yet',
  notYet:
    'Our database does not answer. While that lasts, nobody can look at your readings. Try again in a moment.',
  notYetPhone: (phone: string) => `Or phone ${phone} and say that you want to stop.`,
} as const;

export const record = {
  link: 'Download what our record has about your home',
  limits: 'It is a file for programs, with proofs. A court can order that an access is not shown here yet.',
} as const;

export const erase = {
  title: 'Erase everything about me',
  link: 'Erase everything about me',
  what: 'All sharing ends. Then we erase your e-mail address, your home, your choices and the key that ties the record to you.',
  stays: 'The record keeps that there was an access. Nobody can tell any more that it was about you.',
  others: 'We cannot erase what others have seen, or what your supplier keeps.',
  ask: 'Erase',
  due: (day: string) => `We erase everything on ${day}. Until then you can sign in and keep it.`,
  keep: 'Keep it',
  kept: 'Nothing is erased.',
} as const;

export const mailPage = {
  title: 'Mail of this demo',
  intro: 'In the demo no mail leaves the machine. Here it is.',
  none: 'No mail yet.',
} as const;

export const failures = {
  title: 'Something went wrong',
  notFoundTitle: 'There is nothing here',
  notFound: 'Check the address, or go to the start page.',
  formTitle: 'The form could not be used',
  form: 'It was open for too long, or did not come from this page. Go back, open the page again and try once more.',
  unavailableTitle: 'This does not work right now',
  unavailable: 'Nothing was shared and nothing was changed. Try again in a moment.',
  reference: (id: string) => `If you phone about this, say: ${id}`,
  home: 'Go to the start page',
} as const;
