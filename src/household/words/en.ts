// The words of the letter with an activation code, as it is printed and posted. Plain text, 80 letters wide.
export const activationLetter = (letter: {
  readonly address: string;
  readonly code: string;
  readonly page: string;
  readonly lastDay: string;
  readonly phone: string | null;
}): string => `To whoever lives at
${letter.address}

Your code for this home

    ${letter.code}

Somebody who says they live here asked for it. With it you show that this is
your home, so that you can say who sees its energy use, and stop it.

1. Go to ${letter.page}
2. Sign in with your e-mail address.
3. Enter the code. It works one time, until ${letter.lastDay}.

If you did not ask for it, keep it or tear it up. Without it nobody can show
that they live here. We never ask you for it by phone or by e-mail.

If somebody who has left, or whom you do not want to, can still see or share
for this home: on that page choose "Start afresh". Everything that anybody else
has there ends. They are not told.
${letter.phone === null ? '' : `\nTo stop all sharing without a computer, phone ${letter.phone}.\n`}
There is no charge to you, ever.
`;
