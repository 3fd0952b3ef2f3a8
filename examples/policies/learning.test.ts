import { equal } from 'node:assert/strict';

import { of } from 'rxjs';
import { banAfter, type ConnectionRequest, consider, DenyReason } from 'rxsshd';
import { authRequest, connectionRequest, policyContext } from 'rxsshd/testing';
import { it } from 'vitest';

it('bans a source that has failed once, as the server reports it', () => {
  const context = policyContext();
  const bans = banAfter<ConnectionRequest>({ failures: 1, windowMs: 60_000, banMs: 60_000 });
  const request = authRequest.password('root', 'guess');
  const ask = (): string => {
    let state = 'silent';
    of(consider(connectionRequest(), context))
      .pipe(bans)
      .subscribe((verdict) => {
        state = verdict.state;
      });
    return state;
  };
  equal(ask(), 'open');

  context.emit({
    type: 'Decided',
    connection: request.connection,
    request,
    outcome: 'denied',
    reason: DenyReason.BadCredential,
    by: 'grantPassword',
    source: 'Desk.signIn',
    phase: 'authenticate',
    elapsedMs: 0,
  });
  equal(ask(), 'denied');
});
