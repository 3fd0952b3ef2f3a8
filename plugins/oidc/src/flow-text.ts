import type { Challenge } from 'rxsshd';

/** What somebody needs to sign in elsewhere (RFC 8628 section 3.2). */
export interface ShownCode {
  /** The address to open, in any browser. */
  readonly verificationUri: string;
  /** What to enter there. */
  readonly userCode: string;
  /** The address with the code in it, if the authorization server gives one. */
  readonly verificationUriComplete?: string;
}

/** What users read in their terminal. */
export interface FlowText {
  /** A title. Default none. */
  readonly name?: string;
  /** Where to go and what to enter. */
  readonly instruction: string;
  /** Stands at the end. There has to be one: without a question clients go on, and show nothing of the rest. */
  readonly prompt: string;
}

/** The text where none is given. */
export const usualText = ({ verificationUri, userCode, verificationUriComplete }: ShownCode): FlowText => ({
  instruction: [
    `To sign in, open ${verificationUri} in a browser`,
    `and enter the code ${userCode}`,
    ...(verificationUriComplete === undefined ? [] : [`or open ${verificationUriComplete}`]),
    '',
  ].join('\n'),
  prompt: 'Press Enter once you have signed in: ',
});

/** The text as a challenge. What is typed stays to be seen: it is no secret, and a dead keyboard looks like a fault. */
export const challengeOf = ({ name, instruction, prompt }: FlowText): Challenge => ({
  ...(name === undefined ? {} : { name }),
  instruction,
  prompts: [{ text: prompt, echo: true }],
});
