import { type Observable, of } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { allowFrom } from '../../../../src/handlers/policies/access/allow-from.js';
import { denyFrom } from '../../../../src/handlers/policies/access/deny-from.js';
import { denyWhen } from '../../../../src/handlers/policies/composition/deny-when.js';
import { grantKeyboardInteractive } from '../../../../src/handlers/policies/authentication/grant-keyboard-interactive.js';
import { grantPassword } from '../../../../src/handlers/policies/authentication/grant-password.js';
import { grantPublicKey } from '../../../../src/handlers/policies/authentication/grant-public-key.js';
import { grantWhen } from '../../../../src/handlers/policies/composition/grant-when.js';
import { rateLimit } from '../../../../src/handlers/policies/limits/rate-limit.js';
import { routeCommands } from '../../../../src/handlers/policies/routing/route-commands.js';
import { routeShell } from '../../../../src/handlers/policies/routing/route-shell.js';
import { routeSubsystems } from '../../../../src/handlers/policies/routing/route-subsystems.js';
import type { SSHChannelRequest } from '../../../../src/streams/events/ssh-channel-request.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { keyOf, lineOf } from '../keys.js';
import { authRequests, channelRequest, exec, interactiveAnswer, none, offered, password, proven } from '../requests.js';
import { denied } from '../verdicts.js';

const listed = keyOf(1);

/** As a handler class would write it: no type is spelled out, all are inferred from the stream. */
const signIn = (verdict$: Observable<Verdict<SSHUserAuthRequest>>): Observable<Verdict<SSHUserAuthRequest>> =>
  verdict$.pipe(
    allowFrom(['192.0.2.0/24']),
    denyFrom(['192.0.2.66']),
    rateLimit({
      limit: 100,
      windowMs: 60_000,
      keyOf: (request) => `${request.connection.remoteAddress} ${request.user}`,
    }),
    denyWhen((request) => request.user === 'root', { name: 'noRoot' }),
    grantPublicKey(lineOf(listed)),
    grantPassword((user, text) => user === 'ann' && text === 'right'),
    grantKeyboardInteractive({ prompts: [{ text: 'Code: ' }], verify: (_user, [code]) => code === '123456' }),
    grantWhen((request) => request.method === 'none' && request.user === 'guest'),
  );

const run = (verdict$: Observable<Verdict<SSHChannelRequest>>): Observable<Verdict<SSHChannelRequest>> =>
  verdict$.pipe(
    routeCommands({ uptime: () => undefined }),
    routeSubsystems({ sftp: () => undefined }),
    routeShell(() => undefined),
  );

function after<R>(
  policies: (verdict$: Observable<Verdict<R>>) => Observable<Verdict<R>>,
  request: R,
): Verdict<R> | undefined {
  let last: Verdict<R> | undefined;
  policies(of(consider(request))).subscribe((verdict) => {
    last = verdict;
  });
  return last;
}

describe('policies in a row', () => {
  it.each<readonly [string, SSHUserAuthRequest, object]>([
    ['an offered key', offered(listed), { state: 'granted', by: 'grantPublicKey' }],
    ['a proven key', proven(listed), { state: 'granted', by: 'grantPublicKey' }],
    ['the right password', password('right'), { state: 'granted', by: 'grantPassword' }],
    ['a wrong password', password('wrong'), { state: 'open', declined: { by: 'grantPassword' } }],
    ['the right code', interactiveAnswer(1, '123456'), { state: 'granted', by: 'grantKeyboardInteractive' }],
    ['a user who is refused', password('right', 'root'), { state: 'denied', by: 'noRoot' }],
    ['a key from elsewhere', proven(listed, 'ann', '203.0.113.1'), { state: 'denied', by: 'allowFrom' }],
    ['a key from a banned address', proven(listed, 'ann', '192.0.2.66'), { state: 'denied', by: 'denyFrom' }],
    ['a guest', { ...none, user: 'guest' }, { state: 'granted', by: 'grantWhen' }],
    ['a wrong code', interactiveAnswer(1, '1'), { state: 'denied', by: 'grantKeyboardInteractive' }],
    ['somebody without credentials', none, { state: 'open' }],
  ])('decide on %s', (_what, request, expected) => {
    expect(after(signIn, request)).toMatchObject(expected);
  });

  it.each([
    ['a command', exec('uptime'), 'routeCommands'],
    ['a subsystem', channelRequest({ type: 'subsystem', subsystemName: 'sftp' }), 'routeSubsystems'],
    ['a shell', channelRequest({ type: 'shell' }), 'routeShell'],
  ])('route %s', (_what, request, by) => {
    expect(after(run, request)).toMatchObject({ state: 'granted', by });
  });

  it.each(Object.values(authRequests))('never revive what was denied: $method', (request) => {
    const verdict = denied(request);
    const seen: unknown[] = [];
    signIn(of(verdict)).subscribe((it) => seen.push(it));

    expect(seen).toEqual([verdict]);
  });
});
