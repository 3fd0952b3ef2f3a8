import { firstValueFrom, of, VirtualTimeScheduler } from 'rxjs';
import { consider, type Policy, type SSHUserAuthRequest, type Verdict } from 'rxsshd';
import { authRequest, policyContext, type TestPolicyContext } from 'rxsshd/testing';

/** A server's side of verdicts, at a moment in milliseconds. */
export const contextAt = (now: number): TestPolicyContext =>
  policyContext({ clock: { scheduler: new VirtualTimeScheduler(), now: () => now } });

/** What becomes of a request. */
export const verdictOn = (
  policy: Policy<SSHUserAuthRequest>,
  request: SSHUserAuthRequest,
  context: TestPolicyContext = contextAt(0),
): Promise<Verdict<SSHUserAuthRequest>> => firstValueFrom(of(consider(request, context)).pipe(policy));

/** What becomes of a code that a user types at a moment: `granted`, or why not. */
export async function outcomeOf(
  policy: Policy<SSHUserAuthRequest>,
  code: string,
  now = 0,
  user = 'ann',
): Promise<string> {
  const verdict = await verdictOn(policy, authRequest.keyboardInteractiveAnswer(user, [code]), contextAt(now));
  return verdict.state === 'denied' ? verdict.reason : verdict.state;
}
