import { concat, map, mergeMap, NEVER, Observable, of, take, throwError } from 'rxjs';

import {
  decide,
  deny,
  DenyReason,
  exec,
  grant,
  on,
  type Policy,
  shadow,
  type SSHUserAuthRequest,
} from '../../../../src/index.js';
import { act, authRequest, channelOpen, channelRequest } from '../../../../src/testing/index.js';
import { bob, pass, type Scenario } from '../scenario.js';
import { connect, passwordSecret, rightPassword, signIn, wrongPassword } from './sign-in.js';

const session = channelOpen.session();
const boom = (): never => {
  throw new Error('boom');
};

const withPolicy = (policy: Policy<SSHUserAuthRequest>) => [
  decide('SSHUserAuthRequest', policy, { source: 'Desk.signIn' }),
  passwordSecret(),
];

/** Policies and handlers that misbehave. */
export const faults: readonly Scenario[] = [
  {
    name: 'a policy that throws for one request',
    learns: 'cdg',
    play: () => ({
      options: { handlers: withPolicy(map((verdict) => (verdict.request.user === 'eve' ? boom() : verdict))) },
      acts: [connect, authRequest.password('eve', 'secret'), rightPassword],
    }),
  },
  {
    name: 'a policy whose stream fails',
    learns: 'cdd',
    play: () => ({
      options: { handlers: withPolicy(mergeMap(() => throwError(() => new Error('boom')))) },
      acts: [connect, rightPassword, rightPassword],
    }),
  },
  {
    name: 'a policy that completes',
    learns: 'cdd',
    play: () => ({ options: { handlers: withPolicy(take(1)) }, acts: [connect, wrongPassword, rightPassword] }),
  },
  {
    name: 'a policy that answers twice',
    learns: 'cg',
    play: () => ({
      options: {
        handlers: withPolicy(
          mergeMap((verdict) => of(verdict, deny<SSHUserAuthRequest>(verdict, 'twice', DenyReason.NotPermitted))),
        ),
      },
      acts: [connect, rightPassword],
    }),
  },
  {
    name: 'a policy that never answers',
    learns: 'cd',
    play: () => ({
      options: { handlers: withPolicy(mergeMap(() => NEVER)), decisionDeadlineMs: 10_000 },
      acts: [connect, rightPassword, pass(9999), pass(1)],
    }),
  },
  {
    name: 'a policy that answers too late',
    learns: 'cd',
    play: () => {
      let answer = (): void => undefined;
      const late: Policy<SSHUserAuthRequest> = mergeMap(
        (verdict) =>
          new Observable<typeof verdict>((subscriber) => {
            answer = () => {
              subscriber.next(verdict);
              subscriber.complete();
            };
          }),
      );
      return {
        options: { handlers: withPolicy(late), decisionDeadlineMs: 10_000 },
        acts: [
          connect,
          rightPassword,
          pass(10_000),
          () => {
            answer();
          },
        ],
      };
    },
  },
  {
    name: 'a policy that revives what was denied',
    learns: 'cd',
    play: () => ({
      options: {
        handlers: [
          ...withPolicy(map((verdict) => deny(verdict, 'no', DenyReason.NotPermitted))),
          decide(
            'SSHUserAuthRequest',
            map((verdict) =>
              verdict.request.method === 'password'
                ? grant<SSHUserAuthRequest>(
                    { state: 'open', request: verdict.request, leases: [] },
                    verdict.request,
                    'yes',
                  )
                : verdict,
            ),
          ),
        ],
      },
      acts: [connect, rightPassword],
    }),
  },
  {
    name: 'a policy in shadow mode',
    learns: 'cg',
    play: () => ({
      options: {
        handlers: withPolicy(shadow(map((verdict) => deny(verdict, 'strict', DenyReason.NotPermitted)))),
      },
      acts: [connect, rightPassword],
    }),
  },
  {
    name: 'a policy of channels that fails for one client and not for the next',
    learns: 'cgfcgoy',
    play: () => {
      let first = true;
      return {
        options: {
          handlers: [
            passwordSecret(),
            exec('wait', (it) => it.stdin),
            decide(
              'SSHChannelOpenRequest',
              map((verdict) => {
                if (!first) return verdict;
                first = false;
                return boom();
              }),
              { source: 'Desk.open' },
            ),
          ],
        },
        acts: [
          ...signIn,
          [session, channelRequest.exec('wait')],
          bob(connect),
          bob(rightPassword),
          bob([session, channelRequest.exec('wait')]),
        ],
      };
    },
  },
  {
    name: 'an observer that fails',
    learns: 'cg',
    play: () => ({
      options: {
        handlers: [
          passwordSecret(),
          on(
            'SSHStatus',
            (status$) =>
              concat(
                status$.pipe(take(1)),
                throwError(() => new Error('boom')),
              ),
            {
              source: 'Desk.watch',
            },
          ),
        ],
      },
      acts: [...signIn],
    }),
  },
  {
    name: 'a service that emits what cannot be sent',
    learns: 'cgoyez',
    play: () => ({
      options: {
        handlers: [
          passwordSecret(),
          // As a program in JavaScript may.
          exec('odd', (() => [{ what: 'this' }]) as never, { source: 'Desk.odd' }),
        ],
      },
      acts: [...signIn, [session, channelRequest.exec('odd')], act.disconnect('')],
    }),
  },
];
