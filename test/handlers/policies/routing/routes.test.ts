import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { routeChannels } from '../../../../src/handlers/policies/routing/route-channels.js';
import { routeCommands } from '../../../../src/handlers/policies/routing/route-commands.js';
import { routeShell } from '../../../../src/handlers/policies/routing/route-shell.js';
import { routeSubsystems } from '../../../../src/handlers/policies/routing/route-subsystems.js';
import type { RouteOptions, Routes } from '../../../../src/handlers/policies/routing/routes.js';
import type { ServeChannel } from '../../../../src/streams/channel.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHChannelOpenRequest } from '../../../../src/streams/events/ssh-channel-open-request.js';
import type { SSHChannelRequest } from '../../../../src/streams/events/ssh-channel-request.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { marbles } from '../../../support/marbles.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { channelOpen, channelRequest, exec } from '../requests.js';
import { answersTo, decisionOn, deniedBy, granted, grantedBy } from '../verdicts.js';

const one: ServeChannel = () => undefined;
const two: ServeChannel = () => undefined;
const rest: ServeChannel = () => undefined;

const served = <R>(by: string, request: R, serve: ServeChannel): Verdict<R> => ({ ...grantedBy(by, request), serve });
/** What the policy runs for the request. */
const serving = <R>(policy: Policy<R>, request: R): ServeChannel | undefined => {
  const verdict = decisionOn(policy, request);
  return verdict.state === 'granted' ? verdict.serve : undefined;
};

const shell = channelRequest({ type: 'shell' });
const subsystem = (subsystemName: string): SSHChannelRequest => channelRequest({ type: 'subsystem', subsystemName });
const raw = (name: string, type: 'other' | 'malformed'): SSHChannelRequest =>
  channelRequest({ type, name, data: Buffer.from('x') });

const rawOpen = (name: string, type: 'other' | 'malformed'): SSHChannelOpenRequest =>
  channelOpen({ type, name, data: Buffer.from('x') });
const session = channelOpen({ type: 'session' });

describe('routeCommands', () => {
  obeysTheLawsOfPolicies<SSHChannelRequest>({
    name: 'routeCommands',
    make: (options) => routeCommands({ uptime: one }, options),
    decides: exec('uptime'),
  });

  it(
    'grants commands that have a route and leaves others open, at once',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const values = {
        u: consider<SSHChannelRequest>(exec('uptime')),
        x: consider<SSHChannelRequest>(exec('reboot')),
        U: served<SSHChannelRequest>('routeCommands', exec('uptime'), one),
      };
      const source = hot('  -u-x-(xu)|', values);
      const expected = '    -U-x-(xU)|';
      const subs = '        ^--------!';

      expectObservable(source.pipe(routeCommands({ uptime: one }))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('runs what the pattern of the command says', () => {
    const policy = routeCommands({ uptime: one, 'echo *': two }, { fallback: rest });

    expect(['uptime', 'echo a', 'echo', 'uptime -p', ''].map((command) => serving(policy, exec(command)))).toEqual([
      one,
      two,
      two,
      rest,
      rest,
    ]);
  });

  it('grants no other request, whatever it is called', () => {
    const policy = routeCommands({ '*': one });
    const others = [shell, subsystem('sftp'), raw('exec', 'malformed'), raw('exec2', 'other')];
    const elsewhere = channelRequest({ type: 'exec', command: 'uptime' }, 'direct-tcpip');

    expect([...others, elsewhere].map((request) => decisionOn(policy, request).state)).toEqual(
      Array.from({ length: 5 }, () => 'open'),
    );
  });

  it('reports two routes for one thing and patterns that are none', () => {
    expect(() => routeCommands({ '*': one }, { fallback: two })).toThrow(
      conflict('routeCommands: "*" is routed twice, as a route and as the fallback. Remove one of them.'),
    );
    expect(() => routeCommands({ 'up*': one })).toThrow(
      conflict(
        'routeCommands: "up*" is no pattern of a command: write a command, the first words of one and " *", or "*".',
      ),
    );
  });
});

describe('routeSubsystems', () => {
  obeysTheLawsOfPolicies<SSHChannelRequest>({
    name: 'routeSubsystems',
    make: (options) => routeSubsystems({ sftp: one }, options),
    decides: subsystem('sftp'),
  });

  it('runs what the name says, to the letter', () => {
    const policy = routeSubsystems({ sftp: one, netconf: two });

    expect(['sftp', 'netconf', 'SFTP', 'sftp ', 'constructor', ''].map((it) => serving(policy, subsystem(it)))).toEqual(
      [one, two, undefined, undefined, undefined, undefined],
    );
  });

  it.each([
    ['a star', routeSubsystems({ sftp: one, '*': rest })],
    ['a fallback', routeSubsystems({ sftp: one }, { fallback: rest })],
  ])('runs %s for the others', (_what, policy) => {
    expect(['sftp', 'netconf', '*'].map((it) => serving(policy, subsystem(it)))).toEqual([one, rest, rest]);
  });

  it('runs what the pattern of the name says, the longest first', () => {
    const policy = routeSubsystems({ 'report-*': one, 'report-daily-*': two, 'report-daily-now': rest });
    const names = ['report-', 'report-weekly', 'report-daily-7', 'report-daily-now', 'report', 'a-report-b'];

    expect(names.map((it) => serving(policy, subsystem(it)))).toEqual([one, one, two, rest, undefined, undefined]);
  });

  it('grants no other request, whatever it is called', () => {
    const policy = routeSubsystems({ '*': one });
    const elsewhere = channelRequest({ type: 'subsystem', subsystemName: 'sftp' }, 'x11');

    expect(
      [shell, exec('sftp'), raw('subsystem', 'malformed'), elsewhere].map((it) => decisionOn(policy, it).state),
    ).toEqual(Array.from({ length: 4 }, () => 'open'));
  });
});

describe('routeShell', () => {
  obeysTheLawsOfPolicies<SSHChannelRequest>({
    name: 'routeShell',
    make: (options) => routeShell(one, options),
    decides: shell,
  });

  it('runs what it was given for a shell', () => {
    expect(decisionOn(routeShell(one), shell)).toEqual(served('routeShell', shell, one));
  });

  it('grants no other request, whatever it is called', () => {
    const elsewhere = channelRequest({ type: 'shell' }, 'x11');

    expect(
      [exec('shell'), raw('shell', 'malformed'), elsewhere].map((it) => decisionOn(routeShell(one), it).state),
    ).toEqual(['open', 'open', 'open']);
  });

  it('refuses what is not a function', () => {
    // @ts-expect-error serve is a function
    expect(() => routeShell('/bin/sh')).toThrow(optionError("routeShell: serve must be a function, got '/bin/sh'"));
  });
});

describe('routeChannels', () => {
  obeysTheLawsOfPolicies<SSHChannelOpenRequest>({
    name: 'routeChannels',
    make: (options) => routeChannels({ session: one }, options),
    decides: session,
  });

  it('runs what the type says, to the letter', () => {
    const policy = routeChannels({ session: one, 'chat@example.com': two });
    const opens = [session, rawOpen('chat@example.com', 'other'), rawOpen('chat', 'other')];

    expect(opens.map((request) => serving(policy, request))).toEqual([one, two, undefined]);
  });

  it('runs what the pattern of the type says', () => {
    const policy = routeChannels({ 'chat-*@example.com': one, '*@example.com': two });
    const types = ['chat-1@example.com', 'news@example.com', 'chat-1@example.org'];

    expect(types.map((type) => serving(policy, rawOpen(type, 'other')))).toEqual([one, two, undefined]);
  });

  it('denies without a route even a session, if told so, but not what cannot be read', () => {
    const policy = routeChannels({ 'chat@example.com': two }, { fallback: 'deny' });

    expect(decisionOn(policy, session)).toEqual(deniedBy('routeChannels', session, DenyReason.NoRoute));
    expect(decisionOn(policy, rawOpen('direct-tcpip', 'malformed')).state).toBe('open');
  });

  it('runs the fallback for the others', () => {
    const policy = routeChannels({ 'chat@example.com': two }, { fallback: rest });

    expect(serving(policy, session)).toBe(rest);
    expect(serving(policy, rawOpen('news@example.com', 'other'))).toBe(rest);
  });

  it('does not open a channel of a known type whose data cannot be read', () => {
    expect(decisionOn(routeChannels({ '*': one }), rawOpen('direct-tcpip', 'malformed')).state).toBe('open');
  });
});

describe.each<readonly [string, (routes: Routes, options?: RouteOptions) => unknown]>([
  ['routeCommands', routeCommands],
  ['routeSubsystems', routeSubsystems],
  ['routeChannels', routeChannels],
])('%s', (name, route) => {
  it('refuses routes that are no functions, and names without a letter', () => {
    // @ts-expect-error what runs is a function
    expect(() => route({ uptime: 'up' })).toThrow(
      optionError(`${name}: the route "uptime" must be a function, got 'up'`),
    );
    // @ts-expect-error what runs is a function, or nothing does: 'deny'
    expect(() => route({}, { fallback: 'up' })).toThrow(optionError(`${name}: fallback must be a function, got 'up'`));
    expect(() => route({ '': one })).toThrow(conflict(`${name}: a route needs a name`));
    expect(() => route({ '*': one }, { fallback: two })).toThrow(
      conflict(`${name}: "*" is routed twice, as a route and as the fallback. Remove one of them.`),
    );
    expect(() => route({ '*': one }, { fallback: 'deny' })).toThrow(
      conflict(`${name}: "*" is routed twice, as a route and as the fallback. Remove one of them.`),
    );
  });
});

describe.each<readonly [string, (options: RouteOptions) => Policy<SSHChannelRequest>, SSHChannelRequest]>([
  ['routeCommands', (options) => routeCommands({ uptime: one }, options), exec('uptime')],
  ['routeSubsystems', (options) => routeSubsystems({ sftp: one }, options), subsystem('sftp')],
  ['routeShell', (options) => routeShell(one, options), shell],
])('%s', (name, make, request) => {
  const from = (user: string): SSHChannelRequest => ({ ...request, identity: { user, method: 'password' } });

  it('routes what the users it is for ask, and leaves the others to later policies', () => {
    const policy = make({ users: ['ann', 'ops-*'] });
    const users = ['ann', 'ops-7', 'ops-', 'bob', 'Ann', 'ann ', 'an', 'x-ops-7', '*', ''];

    expect(users.filter((user) => serving(policy, from(user)) === one)).toEqual(['ann', 'ops-7', 'ops-']);
    expect(decisionOn(policy, from('bob'))).toEqual(consider(from('bob')));
  });

  it.each([[[]], [['']], ['ann'], [[7]]])('refuses %j as users', (users) => {
    // What JavaScript lets through.
    expect(() => make({ users: users as readonly string[] })).toThrow(
      optionError(`${name}: users must be a list of names, at least one, got ${inspect(users)}`),
    );
  });
});

describe('the fallback "deny"', () => {
  it('denies requests of its kind that have no route, and no others', () => {
    const commands = routeCommands({ uptime: one }, { fallback: 'deny' });
    const subsystems = routeSubsystems({ sftp: one }, { fallback: 'deny' });
    const verdicts = (policy: Policy<SSHChannelRequest>) =>
      [exec('uptime'), exec('reboot'), subsystem('sftp'), subsystem('netconf'), shell].map((it) => {
        const verdict = decisionOn(policy, it);
        return verdict.state === 'denied' ? verdict.reason : verdict.state;
      });

    expect(verdicts(commands)).toEqual(['granted', DenyReason.NoRoute, 'open', 'open', 'open']);
    expect(verdicts(subsystems)).toEqual(['open', 'open', 'granted', DenyReason.NoRoute, 'open']);
  });

  it('is for the users of the policy alone, and for what nobody has granted', () => {
    const policy = routeCommands({ uptime: one }, { fallback: 'deny', users: ['bob'] });
    const earlier = granted<SSHChannelRequest>(exec('reboot'));

    expect(decisionOn(policy, exec('reboot')).state).toBe('open');
    expect(answersTo(routeCommands({ uptime: one }, { fallback: 'deny' }), earlier)).toEqual([earlier]);
  });
});

describe('a channel of a user', () => {
  it('is left to later policies if the routes are for others', () => {
    const policy = routeChannels({ session: one }, { users: ['bob'], fallback: 'deny' });

    expect(decisionOn(policy, session)).toEqual(consider(session));
    expect(serving(routeChannels({ session: one }, { users: ['a*'] }), session)).toBe(one);
  });
});

describe('a route', () => {
  it('leaves what an earlier policy serves as it is', () => {
    const earlier = { ...granted<SSHChannelRequest>(exec('uptime')), serve: two };

    expect(answersTo(routeCommands({ uptime: one }), earlier)).toEqual([earlier]);
  });
});

function conflict(message: string): unknown {
  return expect.objectContaining({ code: 'ERR_SSH_ROUTE_CONFLICT', message });
}
