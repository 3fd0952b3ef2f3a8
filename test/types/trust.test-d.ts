// Checked by `tsc -p .`: an error that goes away leaves its directive unused, which is an error too.
import { grantWhen } from '../../src/handlers/policies/composition/grant-when.js';
import type { ChannelId } from '../../src/streams/channel-id.js';
import { connectionId, type ConnectionId } from '../../src/streams/connection-id.js';
import type { OfferedKeyAuthRequest, SSHUserAuthRequest } from '../../src/streams/events/ssh-user-auth-request.js';
import { acceptOffer, grant, requestPasswordChange, type Verdict } from '../../src/streams/verdict.js';

type AuthVerdict = Verdict<SSHUserAuthRequest>;

export function decideKey(it: AuthVerdict): AuthVerdict {
  const { request } = it;

  // @ts-expect-error not every request proves something
  grant(it, request, 'any request');
  if (request.method === 'other') {
    // @ts-expect-error an unknown method proves nothing
    return grant(it, request, 'unknown method');
  }
  if (request.method === 'hostbased') {
    if (request.stage === 'proven') return grant(it, request, 'proven host');
    // @ts-expect-error a signature that does not verify proves nothing
    return grant(it, request, 'refuted host');
  }
  if (request.method === 'password') return requestPasswordChange(it, request, { prompt: 'New: ' }, 'stale password');
  // @ts-expect-error only a password can be changed
  requestPasswordChange(it, request, { prompt: 'New: ' }, 'no password');
  if (request.method === 'keyboard-interactive' && request.stage === 'started') {
    // @ts-expect-error who only starts has answered nothing
    return grant(it, request, 'no answer');
  }
  if (request.method !== 'publickey') return it;
  switch (request.stage) {
    case 'offered':
      // @ts-expect-error a key that was only offered proves nothing
      grant(it, request, 'offered key');
      return acceptOffer(it, request, 'offered key');
    case 'refuted':
      // @ts-expect-error a signature that does not verify proves nothing
      grant(it, request, 'refuted key');
      // @ts-expect-error a refuted key is not an offer
      return acceptOffer(it, request, 'refuted key');
    case 'proven':
      return grant(it, request, 'proven key');
  }
}

export const keys = grantWhen<SSHUserAuthRequest>(
  // @ts-expect-error the predicate never sees a key that was only offered
  (request: OfferedKeyAuthRequest) => request.key.type === 'ssh-ed25519',
);

export const proven = grantWhen<SSHUserAuthRequest>(
  // @ts-expect-error so there is no such stage to compare with
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the same complaint
  (request) => request.method === 'publickey' && request.stage === 'offered',
);

export const id: ConnectionId = connectionId(1);

// @ts-expect-error a plain string is not a connection id
export const forged: ConnectionId = 'c1';

// @ts-expect-error the id of a connection is not the id of a channel
export const mixedUp: ChannelId = connectionId(2);
