import { describe, expect, it } from 'vitest';

import { forwardTo, type ForwardToRule } from '../../../../src/handlers/policies/access/forward-to.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHChannelOpenRequest } from '../../../../src/streams/events/ssh-channel-open-request.js';
import { channelOpen } from '../../../../src/testing/channel-open.js';
import { marbles } from '../../../../src/testing/marbles.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { channelOpen as openOf } from '../requests.js';
import { decisionOn, deniedBy, granted } from '../verdicts.js';

const { directTcpip: to, directStreamlocal: toSocket } = channelOpen;

const allows = (request: SSHChannelOpenRequest, ...rules: readonly ForwardToRule[]): boolean => {
  const verdict = decisionOn(forwardTo(rules), request);
  if (verdict.state === 'denied') expect(verdict).toEqual(deniedBy('forwardTo', request, DenyReason.NotPermitted));
  return verdict.state === 'open';
};

const database: ForwardToRule = { hosts: ['db-?.example.com'], ports: [5432] };

describe('forwardTo', () => {
  obeysTheLawsOfPolicies<SSHChannelOpenRequest>({
    name: 'forwardTo',
    make: (options) => forwardTo([database], options),
    decides: to('evil.test', 22),
    spares: to('db-1.example.com', 5432),
  });

  it(
    'denies targets that no rule allows, also those granted before, and grants none',
    marbles(({ verdicts, expectVerdicts }) => {
      const values = { a: to('db-1.example.com', 5432), b: to('db-1.example.com', 22), g: granted(to('10.0.0.1', 22)) };
      const source = '  -a-b-(ab)-g|';
      const expected = '-o-x-(ox)-x|';

      expectVerdicts(verdicts<SSHChannelOpenRequest>(source, values).pipe(forwardTo([database]))).toBe(expected, {
        x: { outcome: 'denied', by: 'forwardTo', reason: DenyReason.NotPermitted },
      });
    }),
  );

  it.each([
    ['db.example.com', ['db.example.com'], true],
    ['DB.Example.com.', ['db.example.com'], true],
    ['a.b.example.com', ['*.example.com'], true],
    ['example.com', ['*.example.com'], false],
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8'], false],
    ['10.1.2.3', ['10.1.2.*'], true],
    ['2001:DB8::0:1', ['2001:db8::1'], true],
    ['localhost', ['127.0.0.0/8', '::1'], false],
    ['127.0.0.1', ['localhost'], false],
    // What some systems resolve to 127.0.0.1 is no address here.
    ['127.1', ['127.0.0.0/8'], false],
    ['0x7f000001', ['127.0.0.0/8'], false],
    ['2130706433', ['127.0.0.0/8'], false],
    // Where it is resolved, the NUL may end the name.
    ['127.0.0.1\0.example.com', ['*.example.com'], false],
    ['', ['localhost', '0.0.0.0/0'], false],
    ['anything', ['*'], true],
    ['10.1.2.3', ['*'], true],
    ['anything', [], false],
  ])('lets %j pass by the hosts %j: %s', (host, hosts, expected) => {
    expect(allows(to(host, 22), { hosts })).toBe(expected);
  });

  it.each([
    [22, [22], true],
    [23, [22], false],
    [8000, ['8000-8999'], true],
    [8999, ['8000-8999'], true],
    [7999, ['8000-8999'], false],
    [9000, ['8000-8999'], false],
    [443, [22, '440-445'], true],
    [65_535, ['0-65535'], true],
    [80, ['80'], true],
    [80, [], false],
    [80, undefined, true],
  ])('lets port %j pass by the ports %j: %s', (port, ports, expected) => {
    expect(allows(to('a.test', port), { hosts: ['a.test'], ...(ports === undefined ? {} : { ports }) })).toBe(expected);
  });

  it('takes hosts and ports of one rule together', () => {
    const rules: readonly ForwardToRule[] = [
      { hosts: ['a.test'], ports: [22] },
      { hosts: ['b.test'], ports: [80] },
    ];

    expect(allows(to('a.test', 22), ...rules)).toBe(true);
    expect(allows(to('b.test', 80), ...rules)).toBe(true);
    expect(allows(to('a.test', 80), ...rules)).toBe(false);
  });

  it('takes a rule with users for theirs alone', () => {
    const rules: readonly ForwardToRule[] = [
      { hosts: ['a.test'], users: ['admin-*', 'ann'] },
      { sockets: ['/run/app.sock'], users: ['ann'] },
    ];

    expect(allows(to('a.test', 22, { user: 'admin-1' }), ...rules)).toBe(true);
    expect(allows(to('a.test', 22, { user: 'ann' }), ...rules)).toBe(true);
    expect(allows(to('a.test', 22, { user: 'bob' }), ...rules)).toBe(false);
    expect(allows(toSocket('/run/app.sock', { user: 'ann' }), ...rules)).toBe(true);
    expect(allows(toSocket('/run/app.sock', { user: 'admin-1' }), ...rules)).toBe(false);
    expect(allows(to('a.test', 22), { hosts: ['a.test'], users: [] })).toBe(false);
  });

  it.each([
    ['/run/app.sock', '/run/app.sock', true],
    ['/run/app.sock', '/run/app.sock2', false],
    ['/run/app.sock', '/run/app.sock/x', false],
    ['/run/app/', '/run/app/a.sock', true],
    ['/run/app/', '/run/app/deep/a.sock', true],
    ['/run/app/', '/run/app', false],
    ['/run/app/', '/run/app/', false],
    ['/run/app/', '/run/application/a.sock', false],
    ['/run/app/', '/run/app/../docker.sock', false],
    ['/run/app/', '/run/app/./a.sock', false],
    ['/run/app/', '/run/app//a.sock', false],
    ['/run/app/', '/run/app/a\0.sock', false],
    ['/run/app/', 'run/app/a.sock', false],
    ['/', '/any/where', true],
    ['/', '\0abstract', false],
    ['/', '/', false],
    ['/', '', false],
  ])('by %j it lets the socket %j pass: %s', (entry, path, expected) => {
    expect(allows(toSocket(path), { sockets: [entry] })).toBe(expected);
  });

  it('takes no socket for a host and no host for a socket', () => {
    expect(allows(toSocket('/run/app.sock'), { hosts: ['*'] })).toBe(false);
    expect(allows(to('a.test', 22), { sockets: ['/'] })).toBe(false);
  });

  it('denies everything of these types without a rule', () => {
    expect(allows(to('a.test', 22))).toBe(false);
    expect(allows(toSocket('/run/app.sock'))).toBe(false);
  });

  it.each(['direct-tcpip', 'direct-streamlocal@openssh.com'])('denies a malformed %s', (name) => {
    const request = openOf({ type: 'malformed', name, data: Buffer.alloc(1) });

    expect(allows(request, { hosts: ['*'] }, { sockets: ['/'] })).toBe(false);
  });

  it('leaves channels of other types alone', () => {
    expect(allows(channelOpen.session())).toBe(true);
    expect(allows(channelOpen.other('x@example.com'))).toBe(true);
    expect(allows(openOf({ type: 'malformed', name: 'x11', data: Buffer.alloc(1) }))).toBe(true);
  });

  it.each<readonly [ForwardToRule, string]>([
    [
      { hosts: ['192.0.2.300'] },
      "a rule whose hosts cannot be used, since of an entry it is neither an address nor a CIDR block, got '192.0.2.300'",
    ],
    [
      { hosts: ['a'], ports: [65_536] },
      'a rule whose ports cannot be used, since of an entry it is neither a port (0 to 65535) nor a range such as 8000-8999, got 65536',
    ],
    [
      { hosts: ['a'], ports: ['9-8'] },
      "a rule whose ports cannot be used, since of an entry it is neither a port (0 to 65535) nor a range such as 8000-8999, got '9-8'",
    ],
    [
      { hosts: ['a'], ports: [1.5] },
      'a rule whose ports cannot be used, since of an entry it is neither a port (0 to 65535) nor a range such as 8000-8999, got 1.5',
    ],
    [
      { hosts: ['a'], ports: [-1] },
      'a rule whose ports cannot be used, since of an entry it is neither a port (0 to 65535) nor a range such as 8000-8999, got -1',
    ],
    [{ hosts: ['a'], users: [''] }, "a rule whose users cannot be used, since of an entry it names no user, got ''"],
    [
      { sockets: ['run/app'] },
      "a rule whose sockets cannot be used, since of an entry it is no absolute path, or one with empty parts, . or .., got 'run/app'",
    ],
    [
      { sockets: ['/run/../etc/'] },
      "a rule whose sockets cannot be used, since of an entry it is no absolute path, or one with empty parts, . or .., got '/run/../etc/'",
    ],
  ])('names what it cannot read in %o', (rule, fault) => {
    expect(() => forwardTo([rule])).toThrow(optionError(`forwardTo: rules has ${fault}`));
  });

  it.each([
    [{}, '{}'],
    [{ hosts: ['a'], sockets: ['/a'] }, "{ hosts: [ 'a' ], sockets: [ '/a' ] }"],
    [{ sockets: ['/a'], ports: [1] }, "{ sockets: [ '/a' ], ports: [ 1 ] }"],
    // A misspelt word must not open every port.
    [{ hosts: ['a'], port: [1] }, "{ hosts: [ 'a' ], port: [ 1 ] }"],
    [null, 'null'],
  ])('refuses, from JavaScript, a rule of another shape: %o', (rule, got) => {
    // @ts-expect-error to the compiler these are no rules
    expect(() => forwardTo([rule])).toThrow(
      optionError(
        `forwardTo: rules must be rules with hosts and, if need be, ports, or rules with sockets, and users if need be, got ${got}`,
      ),
    );
  });

  it('refuses, from JavaScript, what is no array', () => {
    // @ts-expect-error rules are an array
    expect(() => forwardTo(database)).toThrow(/^forwardTo: rules must be an array of rules, got/);
    // @ts-expect-error hosts are an array
    expect(() => forwardTo([{ hosts: 'a.test' }])).toThrow(
      optionError("forwardTo: rules has a rule whose hosts is no array, got 'a.test'"),
    );
  });
});
