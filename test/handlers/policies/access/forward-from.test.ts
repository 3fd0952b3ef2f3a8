import { describe, expect, it } from 'vitest';

import type { GlobalRequestDetail } from '../../../../src/protocol/messages/global-request-detail.js';
import { forwardFrom, type ForwardFromRule } from '../../../../src/handlers/policies/access/forward-from.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHGlobalRequest } from '../../../../src/streams/events/ssh-global-request.js';
import { globalRequest } from '../../../../src/testing/global-request.js';
import { marbles } from '../../../../src/testing/marbles.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { decisionOn, deniedBy, granted } from '../verdicts.js';

const { tcpipForward: listen, streamlocalForward: listenSocket } = globalRequest;

const allows = (request: SSHGlobalRequest, ...rules: readonly ForwardFromRule[]): boolean => {
  const verdict = decisionOn(forwardFrom(rules), request);
  if (verdict.state === 'denied') expect(verdict).toEqual(deniedBy('forwardFrom', request, DenyReason.NotPermitted));
  return verdict.state === 'open';
};

const malformed = (name: string): SSHGlobalRequest => {
  const detail: GlobalRequestDetail = { type: 'malformed', name, data: Buffer.alloc(1) };
  return { ...globalRequest.other(name), detail };
};

const local: ForwardFromRule = { addresses: ['localhost', '127.0.0.1'], ports: ['8000-8999'] };

describe('forwardFrom', () => {
  obeysTheLawsOfPolicies<SSHGlobalRequest>({
    name: 'forwardFrom',
    make: (options) => forwardFrom([local], options),
    decides: listen('0.0.0.0', 8080),
    spares: listen('localhost', 8080),
  });

  it(
    'denies what no rule allows, also what was granted before, and grants nothing',
    marbles(({ verdicts, expectVerdicts }) => {
      const values = { a: listen('localhost', 8080), b: listen('', 8080), g: granted(listen('localhost', 80)) };
      const source = '  -a-b-(ab)-g|';
      const expected = '-o-x-(ox)-x|';

      expectVerdicts(verdicts<SSHGlobalRequest>(source, values).pipe(forwardFrom([local]))).toBe(expected, {
        x: { outcome: 'denied', by: 'forwardFrom', reason: DenyReason.NotPermitted },
      });
    }),
  );

  it.each([
    ['localhost', ['localhost'], true],
    ['LOCALHOST', ['localhost'], true],
    ['localhost', ['127.0.0.0/8', '::1'], false],
    ['127.0.0.1', ['localhost'], false],
    ['127.0.0.2', ['127.0.0.0/8'], true],
    ['10.0.0.1', ['127.0.0.0/8'], false],
    ['10.0.0.1', ['*'], true],
    ['localhost', ['*'], true],
    ['localhost', [], false],
  ])('lets the address %j pass by %j: %s', (address, addresses, expected) => {
    expect(allows(listen(address, 8080), { addresses })).toBe(expected);
  });

  it.each(['', '*', '0.0.0.0', '::', '0:0:0:0:0:0:0:0', '::ffff:0.0.0.0'])(
    'takes %j for every address, which only a star or the address itself allows',
    (address) => {
      expect(allows(listen(address, 8080), { addresses: ['*'] })).toBe(true);
      expect(allows(listen(address, 8080), { addresses: ['0.0.0.0/0', '0.0.0.0/8', '::/0', '*.*.*.1', '*a*'] })).toBe(
        false,
      );
    },
  );

  it('lets 0.0.0.0 and :: pass where they are named', () => {
    expect(allows(listen('0.0.0.0', 1), { addresses: ['0.0.0.0'] })).toBe(true);
    expect(allows(listen('::', 1), { addresses: ['0.0.0.0'] })).toBe(false);
    expect(allows(listen('0:0::0', 1), { addresses: ['::'] })).toBe(true);
    expect(allows(listen('', 1), { addresses: ['0.0.0.0', '::'] })).toBe(false);
  });

  it('takes port 0 for a port like any other', () => {
    expect(allows(listen('localhost', 0), { addresses: ['localhost'] })).toBe(true);
    expect(allows(listen('localhost', 0), { addresses: ['localhost'], ports: [0] })).toBe(true);
    expect(allows(listen('localhost', 0), { addresses: ['localhost'], ports: ['1-65535'] })).toBe(false);
  });

  it('takes a rule with users for theirs alone', () => {
    const rule: ForwardFromRule = { addresses: ['*'], users: ['tunnel-*'] };

    expect(allows(listen('', 80, { user: 'tunnel-7' }), rule)).toBe(true);
    expect(allows(listen('', 80, { user: 'ann' }), rule)).toBe(false);
    expect(allows(listenSocket('/run/x/a', { user: 'ann' }), { sockets: ['/run/x/'], users: ['ann'] })).toBe(true);
    expect(allows(listenSocket('/run/x/a', { user: 'bob' }), { sockets: ['/run/x/'], users: ['ann'] })).toBe(false);
  });

  it('compares sockets as forwardTo does', () => {
    expect(allows(listenSocket('/run/app/a.sock'), { sockets: ['/run/app/'] })).toBe(true);
    expect(allows(listenSocket('/run/app/../b.sock'), { sockets: ['/run/app/'] })).toBe(false);
    expect(allows(listenSocket('/run/app.sock'), { addresses: ['*'] })).toBe(false);
  });

  it('leaves requests to stop listening alone, and all others', () => {
    expect(allows(globalRequest.cancelTcpipForward('0.0.0.0', 80))).toBe(true);
    expect(allows(globalRequest.other('keepalive@openssh.com'))).toBe(true);
  });

  it.each(['tcpip-forward', 'streamlocal-forward@openssh.com'])('denies a malformed %s', (name) => {
    expect(allows(malformed(name), { addresses: ['*'] }, { sockets: ['/'] })).toBe(false);
  });

  it('names what it cannot read, and the property that it expects', () => {
    expect(() => forwardFrom([{ addresses: [''] }])).toThrow(
      optionError(
        "forwardFrom: rules has a rule whose addresses cannot be used, since of an entry it is neither an address nor a CIDR block, got ''",
      ),
    );
    // @ts-expect-error hosts are for forwardTo
    expect(() => forwardFrom([{ hosts: ['localhost'] }])).toThrow(
      optionError(
        "forwardFrom: rules must be rules with addresses and, if need be, ports, or rules with sockets, and users if need be, got { hosts: [ 'localhost' ] }",
      ),
    );
  });
});
