import type { SSHUserAuthRequest } from './events/ssh-user-auth-request.js';
import type { PolicyName } from './verdict.js';

/**
 * What a recording knows of a credential, of which it keeps no text: that it was `right`, that it was `wrong`, or that it was
 * right so far and the user was asked `again`.
 */
export type Recollection = 'right' | 'wrong' | 'again';

/** Makes a server decide what was recorded and do nothing of it: no program runs, no observer is told unless wanted. */
export interface Rehearsal {
  /** What became of the credential in `request`, as far as the policy called `by` is concerned. */
  readonly recall: (request: SSHUserAuthRequest, by: PolicyName) => Recollection;
  /** Lets no virtual time pass while `work` takes real time, for two seconds at most. */
  readonly hold: (work: Promise<unknown>) => void;
  /** Whether observers of the application are subscribed. */
  readonly observers: boolean;
}
