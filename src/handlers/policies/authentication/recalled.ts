import type { SSHUserAuthRequest } from '../../../streams/events/ssh-user-auth-request.js';
import type { Recollection } from '../../../streams/rehearsal.js';
import type { PolicyName, Verdict } from '../../../streams/verdict.js';
import type { Answer } from '../answer.js';

/**
 * What `verify` says of a credential, or, where recorded traffic is decided again without the credential, what was said of it
 * then.
 */
export function recalled<Said>(
  { context, request }: Verdict<SSHUserAuthRequest>,
  by: PolicyName,
  meanings: Readonly<Record<Recollection, Said>>,
  verify: () => Answer<Said>,
): Answer<Said> {
  const recollection = context?.recall?.(request, by);
  return recollection === undefined ? verify() : meanings[recollection];
}
