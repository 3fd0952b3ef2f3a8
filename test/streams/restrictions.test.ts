import { NEVER } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';

import { ChannelRequestDetail } from '../../src/protocol/messages/channel-request-detail.js';
import {
  decide,
  exec,
  grantWhen,
  type Handler,
  leaseEach,
  type Policy,
  type Restriction,
  restrictWith,
  shell,
  type SSHUserAuthRequest,
  subsystem,
} from '../../src/index.js';
import { DenyReason } from '../../src/streams/deny-reason.js';
import type { SshRequest } from '../../src/streams/events/ssh-request.js';
import { restrictionOf } from '../../src/streams/restriction.js';
import { Restrictions } from '../../src/streams/restrictions.js';
import { authRequest, channelOpen, channelRequest, simulate } from '../../src/testing/index.js';

const restrictions = (...list: readonly Restriction[]): Restrictions => {
  const collected = Restrictions.collect(list.map(restrictWith), undefined);
  if (collected === undefined) throw new Error('nothing restricts');
  return collected;
};

const question = (detail: ChannelRequestDetail) => ({
  requestType: ChannelRequestDetail.nameOf(detail),
  wantReply: true,
  detail,
  data: ChannelRequestDetail.encode(detail),
});

const refused = { by: 'key', reason: DenyReason.NotPermitted };

describe('restrictWith', () => {
  it('makes a lease that says nothing and can be told from others', () => {
    const restriction: Restriction = { by: 'key', command: 'uptime' };
    expect(restrictionOf(restrictWith(restriction))).toBe(restriction);
    expect(restrictionOf(NEVER)).toBeUndefined();
    expect(restrictionOf(() => NEVER)).toBeUndefined();
    // JavaScript may attach anything.
    expect(restrictionOf(null as never)).toBeUndefined();
    expect(restrictionOf('lease' as never)).toBeUndefined();
  });
});

describe('Restrictions', () => {
  it('are none without a lease that restricts, and only ever get more', () => {
    expect(Restrictions.collect([NEVER, () => NEVER], undefined)).toBeUndefined();
    const first = Restrictions.collect([restrictWith({ by: 'key', allows: () => false })], undefined);
    const more = Restrictions.collect([], first);
    expect(more).toBe(first);
    expect(more?.refusal(channelOpen.session())).toEqual(refused);
  });

  it('refuse what one of them does not allow, and what one of them cannot judge', () => {
    const fails = (): boolean => {
      throw new Error('broken');
    };
    const both = restrictions({ by: 'one', allows: () => true }, { by: 'key', allows: () => false });
    expect(both.refusal(channelRequest.shell())).toEqual(refused);
    expect(restrictions({ by: 'key', allows: fails }).refusal(channelRequest.shell())).toEqual({
      by: 'key',
      reason: DenyReason.PolicyFailed,
    });
  });

  it('have no say in who signs in', () => {
    const requests: readonly SshRequest[] = [authRequest.none('ann')];
    for (const request of requests) {
      expect(restrictions({ by: 'key', allows: () => false }).refusal(request)).toBeUndefined();
    }
  });

  it.each([
    [{ type: 'exec', command: 'reboot' }, 'reboot'],
    [{ type: 'subsystem', subsystemName: 'sftp' }, 'sftp'],
    [{ type: 'shell' }, undefined],
  ] as const)('put a forced command in place of %j, and keep what was asked', (detail, original) => {
    const forced = restrictions({ by: 'key', command: 'uptime', environment: new Map([['A', 'b']]) });
    expect(forced.programFor(question(detail))).toEqual({ ...question({ type: 'exec', command: 'uptime' }) });
    expect([...forced.environmentFor(question(detail))]).toEqual([
      ['A', 'b'],
      ...(original === undefined ? [] : [['SSH_ORIGINAL_COMMAND', original]]),
    ]);
  });

  it('leave what starts no program as it is', () => {
    const forced = restrictions({ by: 'key', command: 'uptime', environment: new Map([['A', 'b']]) });
    const asked = question({ type: 'env', variableName: 'LANG', variableValue: 'C' });
    const malformed = {
      ...question({ type: 'shell' }),
      requestType: 'exec',
      detail: { type: 'malformed', name: 'exec', data: Buffer.alloc(0) },
    } as const;
    expect(forced.programFor(asked)).toBe(asked);
    expect(forced.programFor(malformed)).toBe(malformed);
    expect(forced.environmentFor(asked).size).toBe(0);
  });

  it('refuse every program but the forced one, which none is where there are two', () => {
    const one = restrictions({ by: 'key', command: 'uptime' });
    expect(one.refusal(channelRequest.exec('uptime'))).toBeUndefined();
    expect(one.refusal(channelRequest.exec('reboot'))).toEqual(refused);
    expect(one.refusal(channelRequest.shell())).toEqual(refused);
    const two = restrictions({ by: 'first', command: 'uptime' }, { by: 'key', command: 'reboot' });
    expect(two.refusal(channelRequest.exec('uptime'))).toEqual(refused);
    expect(two.refusal(channelRequest.exec('reboot'))).toMatchObject({ by: 'first' });
  });

  it('let nobody say by himself what he asked for', () => {
    const env = channelRequest.env('SSH_ORIGINAL_COMMAND', 'reboot');
    expect(restrictions({ by: 'key', command: 'uptime' }).refusal(env)).toEqual(refused);
    expect(restrictions({ by: 'key', allows: () => true }).refusal(env)).toBeUndefined();
  });
});

describe('a restricted connection', () => {
  const restricted =
    (restriction: Restriction): Policy<SSHUserAuthRequest> =>
    (verdict$) =>
      verdict$.pipe(
        grantWhen((request) => request.method === 'none'),
        leaseEach('key', () => restrictWith(restriction)),
      );
  const told: string[] = [];
  const tell = (what: string) =>
    exec(what, (session) => {
      told.push(`${what}: ${[...session.environment].map(([name, value]) => `${name}=${value}`).join(' ')}`);
      return 0;
    });
  const open = async (restriction: Restriction, ...handlers: readonly Handler[]) => {
    told.length = 0;
    const simulation = await simulate({
      handlers: [decide('SSHUserAuthRequest', restricted(restriction)), ...handlers],
    });
    onTestFinished(() => simulation[Symbol.asyncDispose]());
    return simulation;
  };
  const n = authRequest.none('ann');

  it.each([
    ['a command', channelRequest.exec('reboot'), 'uptime: A=b SSH_ORIGINAL_COMMAND=reboot'],
    ['a subsystem', channelRequest.subsystem('sftp'), 'uptime: A=b SSH_ORIGINAL_COMMAND=sftp'],
    ['a shell', channelRequest.shell(), 'uptime: A=b'],
  ])('runs the forced command in place of %s', async (_what, x, expected) => {
    const simulation = await open(
      { by: 'key', command: 'uptime', environment: new Map([['A', 'b']]) },
      ...[tell('uptime'), tell('reboot'), shell(() => 0), subsystem('sftp', () => 0)],
    );
    simulation.client('192.0.2.7', 'cnsx', { n, x });
    await simulation.run();

    expect(told).toEqual([expected]);
  });

  it('is refused what its restriction does not allow, before any policy is asked, with an audit event', async () => {
    const simulation = await open({ by: 'key', allows: ({ type }) => type !== 'SSHChannelRequest' }, tell('date'));
    const decided: unknown[] = [];
    simulation.server.events.Decided.subscribe(({ by, outcome, request }) => decided.push([request.type, by, outcome]));
    simulation.client('192.0.2.7', 'cnsx', { n, x: channelRequest.exec('date') });
    await simulation.run();

    expect(decided.at(-1)).toEqual(['SSHChannelRequest', 'key', 'denied']);
    expect(told).toEqual([]);
  });

  it('has no program if its variables cannot be set', async () => {
    const many = new Map(Array.from({ length: 65 }, (_, index) => [`V${String(index)}`, '']));
    const simulation = await open({ by: 'key', environment: many }, tell('date'));
    simulation.client('192.0.2.7', 'cnsx', { n, x: channelRequest.exec('date') });
    await simulation.run();

    expect(told).toEqual([]);
  });
});
