// Checked by `tsc -p .`: an error that goes away leaves its directive unused, which is an error too.
import type { Observable } from 'rxjs';

import { decide } from '../../src/handlers/handler-function.js';
import { allOf } from '../../src/handlers/policies/composition/all-of.js';
import { anyOf } from '../../src/handlers/policies/composition/any-of.js';
import { approval } from '../../src/handlers/policies/composition/approval.js';
import { denyWhen } from '../../src/handlers/policies/composition/deny-when.js';
import { forSources } from '../../src/handlers/policies/composition/for-sources.js';
import { forUsers } from '../../src/handlers/policies/composition/for-users.js';
import { grantPassword } from '../../src/handlers/policies/authentication/grant-password.js';
import { grantPublicKey } from '../../src/handlers/policies/authentication/grant-public-key.js';
import { grantWhen } from '../../src/handlers/policies/composition/grant-when.js';
import { named } from '../../src/handlers/policies/composition/named.js';
import { rateLimit } from '../../src/handlers/policies/limits/rate-limit.js';
import { routeShell } from '../../src/handlers/policies/routing/route-shell.js';
import { shadow } from '../../src/handlers/policies/composition/shadow.js';
import { when } from '../../src/handlers/policies/composition/when.js';
import type { ConnectionRequest } from '../../src/streams/events/connection-request.js';
import type { SSHChannelRequest } from '../../src/streams/events/ssh-channel-request.js';
import type { SSHUserAuthRequest } from '../../src/streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../src/streams/policy.js';
import type { Verdict } from '../../src/streams/verdict.js';

const password = grantPassword(() => true);
const key = grantPublicKey('');

// The request is inferred from the policies, whichever of them knows it.
export const inferred: readonly Policy<SSHUserAuthRequest>[] = [
  forUsers(
    ['ann'],
    grantPassword(() => true),
  ),
  forSources(['::1'], password),
  when((request) => request.user === 'ann', password),
  when(
    (request) => request.user === 'ann',
    denyWhen((request) => request.method === 'none'),
    password,
  ),
  named('sign-in', password),
  shadow(password),
  allOf(
    key,
    grantWhen((request) => request.user === 'ann'),
  ),
  allOf(
    grantWhen((request) => request.user === 'ann'),
    key,
  ),
  anyOf(
    password,
    allOf(
      key,
      forUsers(
        ['ann'],
        grantWhen((request) => request.method === 'publickey'),
      ),
    ),
  ),
  approval({ ask: (request) => request.user === 'ann' }),
];

// So it is where only the stream knows it.
export const fromTheStream = (
  verdict$: Observable<Verdict<SSHUserAuthRequest>>,
): Observable<Verdict<SSHUserAuthRequest>> =>
  verdict$.pipe(
    forUsers(['ann'], rateLimit({ limit: 1, windowMs: 1, keyOf: (request) => request.user })),
    when(
      (request) => request.method === 'none',
      denyWhen((request) => request.user === 'root'),
    ),
    forSources(['*'], shadow(denyWhen((request) => request.user === 'root'))),
    named('any', anyOf(password, key)),
    approval({
      ask: (request) => request.user === 'ann',
      remember: { forMs: 1, keyOf: (request) => request.user },
    }),
  );

const signIn = anyOf(password, key);
const shell = routeShell(() => undefined);
const nobody = denyWhen<ConnectionRequest>(() => true);

decide('SSHUserAuthRequest', signIn);

// @ts-expect-error a combination decides what its members decide
decide('SSHChannelRequest', signIn);

// @ts-expect-error all members decide about the same kind of request
allOf(password, shell);

// @ts-expect-error and so do alternatives
anyOf(password, shell);

// @ts-expect-error and so do the two sides of a condition
when(() => true, password, shell);

// @ts-expect-error who connects has not said who they are
forUsers(['ann'], nobody);

// @ts-expect-error patterns are a list
forUsers('ann', password);

// @ts-expect-error the predicate is asked about what the policy decides
when((request: SSHChannelRequest) => request.wantReply, password);

// @ts-expect-error an approval says yes or no
approval<ConnectionRequest>({ ask: () => 'yes' });

// @ts-expect-error a memory has a key
approval<ConnectionRequest>({ ask: () => true, remember: { forMs: 1 } });

// @ts-expect-error the name comes first
named(password, 'sign-in');
