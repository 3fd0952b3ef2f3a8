import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { map, timer } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  decide,
  decideEach,
  deny,
  DenyReason,
  denyUsers,
  exec,
  grantKeyboardInteractive,
  grantPassword,
  type Handler,
  penalties,
  rateLimit,
  requireMethods,
  sessionLimit,
  shell,
  type SSHUserAuthRequest,
} from '../../../src/index.js';
import { record } from '../../../src/recording/record.js';
import { act, authRequest, channelRequest, fakeCounterStore, replay, simulate } from '../../../src/testing/index.js';

const PASSWORDS = new Map([
  ['ann', 'right'],
  ['bob', 'fine'],
]);

const base: readonly Handler[] = [
  decide(
    'SSHUserAuthRequest',
    grantPassword((user, password) => PASSWORDS.get(user) === password),
  ),
  exec('hello', () => 'hello\n'),
  shell(async function* (session) {
    yield 'welcome\n';
    for await (const block of session.stdin) yield block as Uint8Array;
  }),
];

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'replay-'));
  file = path.join(folder, 'traffic.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

const right = authRequest.password('ann', 'right');
const wrong = authRequest.password('ann', 'wrong');
const bob = authRequest.password('bob', 'fine');

/** Two users at work for some hours. */
async function recordAll(handlers: readonly Handler[]): Promise<void> {
  await using simulation = await simulate({ handlers });
  const recording = record(simulation.server.events.all, { path: file, clock: simulation.clock });
  simulation.client('192.0.2.7', 'cwrsx 10s |', { w: wrong, r: right, x: channelRequest.exec('hello') });
  simulation.client('192.0.2.8', '--c-b-s-x 2h d 1s z|', {
    b: bob,
    x: channelRequest.shell(),
    d: act.data('secret words\n'),
    z: act.close(),
  });
  simulation.client('203.0.113.9', '-----cwwwwwww', { w: authRequest.password('root', 'guess') });
  await simulation.run('4h');
  await simulation.hold(recording.close());
}

describe('a replay', () => {
  it('comes to the same decisions with the same policies', async () => {
    await recordAll(base);
    const report = await replay(file, { handlers: base });
    expect(report).toMatchObject({ changes: [], unreached: 0, unknownCredentials: 0, missing: 0 });
    expect(report.decisions).toBeGreaterThan(15);
  });

  it('tells who is kept out by a new policy, and nothing else', async () => {
    await recordAll(base);
    const report = await replay(file, {
      handlers: [decide('SSHUserAuthRequest', denyUsers(['bob']), { phase: 'limit' }), ...base],
    });
    expect(report.changes).toMatchObject([
      {
        user: 'bob',
        connection: { remoteAddress: '192.0.2.8' },
        recorded: { outcome: 'granted', by: 'grantPassword' },
        replayed: { outcome: 'denied', by: 'denyUsers', reason: 'user-not-allowed' },
      },
    ]);
    expect(report.summary).toEqual({
      byPolicy: { denyUsers: 1 },
      bySource: { '192.0.2.8': 1 },
      byUser: { bob: 1 },
    });
    expect(report.unreached).toBe(2);
  });

  it('tells whose session would end earlier', async () => {
    await recordAll(base);
    const limit = decide('SSHUserAuthRequest', sessionLimit({ limitMs: 3_600_000 }), { phase: 'authorize' });
    const report = await replay(file, { handlers: [...base, limit] });
    expect(report.changes).toMatchObject([
      { user: 'bob', recorded: undefined, replayed: { outcome: 'revoked', by: 'sessionLimit', atMs: 3_600_004 } },
    ]);
  });

  it('says of which credentials the recording knows nothing', async () => {
    const rate = rateLimit<SSHUserAuthRequest>({
      limit: 3,
      windowMs: 60_000,
      keyOf: ({ connection }) => connection.remoteAddress,
    });
    await recordAll([decide('SSHUserAuthRequest', rate, { phase: 'limit' }), ...base]);
    const report = await replay(file, { handlers: base });
    expect(report.unknownCredentials).toBe(3);
  });

  it('has a client that broke the rules break them again, so that it is weighed as it was', async () => {
    const guarded = [decide('ConnectionRequest', penalties()), ...base];
    {
      await using simulation = await simulate({ handlers: guarded });
      const recording = record(simulation.server.events.all, { path: file, clock: simulation.clock });
      simulation.client('203.0.113.9', 'c-v-c-v-c-v-c', { v: act.send(Buffer.of(90, 1, 2)) });
      await simulation.run('1m');
      await simulation.hold(recording.close());
    }
    const report = await replay(file, { handlers: guarded });

    expect(report).toMatchObject({ changes: [], unreached: 0, unknownCredentials: 0 });
    // The last two were turned away.
    expect(report.decisions).toBe(5);
  });

  it('has a password changed again, and leaves the new one out where nobody asks for it any more', async () => {
    const stale = grantPassword((_user, password) => password === 'stale' && { change: 'New: ' }, {
      change: (_user, password, newPassword) => password === 'stale' && newPassword === 'fresh',
    });
    const handlers = [decide('SSHUserAuthRequest', stale)];
    {
      await using simulation = await simulate({ handlers });
      const recording = record(simulation.server.events.all, { path: file, clock: simulation.clock });
      simulation
        .expectClient(
          simulation.client('192.0.2.7', 'c-p-n', {
            p: authRequest.password('ann', 'stale'),
            n: authRequest.passwordChange('ann', 'stale', 'fresh'),
          }),
        )
        .toBe('c-h-g');
      await simulation.run('1m');
      await simulation.hold(recording.close());
    }

    expect(await replay(file, { handlers })).toMatchObject({ changes: [], unreached: 0, unknownCredentials: 0 });
    const outside = await replay(file, {
      handlers: [decide('SSHUserAuthRequest', denyUsers(['ann']), { phase: 'limit' }), ...handlers],
    });
    expect(outside.changes).toMatchObject([{ replayed: { outcome: 'denied', by: 'denyUsers' } }]);
    expect(outside.unreached).toBe(1);
  });

  const authMethods = ['password', 'keyboard-interactive'] as const;

  /** Somebody who answers questions wrongly, and then has the right password. */
  async function recordQuestions(...handlers: readonly Handler[]): Promise<void> {
    await using simulation = await simulate({ handlers, authMethods: [...authMethods] });
    const recording = record(simulation.server.events.all, { path: file, clock: simulation.clock });
    simulation.client('192.0.2.7', 'c-k-a-k-a-r', {
      k: authRequest.keyboardInteractive('ann'),
      a: authRequest.keyboardInteractiveAnswer('ann', ['7']),
      r: right,
    });
    await simulation.run('1m');
    await simulation.hold(recording.close());
  }

  const questions = (count: number, verify: () => boolean | 'again' = () => false): Handler =>
    decide(
      'SSHUserAuthRequest',
      grantKeyboardInteractive({ prompts: Array.from({ length: count }, () => ({ text: 'Code: ' })), verify }),
    );

  it('goes on behind questions that are not asked any more', async () => {
    await recordQuestions(questions(1), ...base);
    const noQuestions = decide(
      'SSHUserAuthRequest',
      decideEach<SSHUserAuthRequest>('noQuestions', (verdict) =>
        verdict.request.method === 'keyboard-interactive'
          ? deny(verdict, 'noQuestions', DenyReason.NotPermitted)
          : verdict,
      ),
      { phase: 'limit' },
    );
    const { changes, unreached } = await replay(file, {
      handlers: [noQuestions, questions(1), ...base],
      authMethods: [...authMethods],
    });

    expect(changes.map(({ replayed }) => replayed?.by)).toEqual(['noQuestions', 'noQuestions']);
    // The answers; the password was decided as it was.
    expect(unreached).toBe(2);
  });

  it('never takes one credential for another, although the server refuses some by itself', async () => {
    await recordQuestions(questions(1), ...base);
    const report = await replay(file, { handlers: [questions(2), ...base], authMethods: [...authMethods] });

    expect(report).toMatchObject({ changes: [], unreached: 2 });
  });

  it('tells who is kept out by a server that does not offer the method any more, and shows its policies no password', async () => {
    await recordAll(base);
    const shown: string[] = [];
    const watching = decide(
      'SSHUserAuthRequest',
      decideEach<SSHUserAuthRequest>('watching', (verdict) => {
        shown.push(verdict.request.method);
        return verdict;
      }),
      { phase: 'limit' },
    );
    const { changes } = await replay(file, { handlers: [watching, ...base], authMethods: ['publickey'] });

    expect(changes.map(({ user, replayed }) => [user, replayed?.outcome])).toEqual(
      expect.arrayContaining([
        ['ann', 'denied'],
        ['bob', 'denied'],
      ]),
    );
    expect(new Set(shown)).toEqual(new Set(['other']));
  });

  it('takes no answer for right that only led to more questions', async () => {
    const noAnswers = decide(
      'SSHUserAuthRequest',
      decideEach<SSHUserAuthRequest>('noAnswers', (verdict) =>
        'stage' in verdict.request && verdict.request.stage === 'answered'
          ? deny(verdict, 'noAnswers', DenyReason.NotPermitted)
          : verdict,
      ),
      { phase: 'authorize' },
    );
    const again = questions(1, () => 'again');
    await recordQuestions(again, noAnswers, ...base);
    const { changes } = await replay(file, { handlers: [again, ...base], authMethods: [...authMethods] });

    expect(changes.length).toBeGreaterThan(0);
    expect(changes.every(({ replayed }) => replayed?.outcome !== 'granted' || replayed.provisional === true)).toBe(
      true,
    );
  });

  it('does not know of credentials that nobody has looked at, whatever they were denied for', async () => {
    const never = decide(
      'SSHUserAuthRequest',
      decideEach<SSHUserAuthRequest>('never', (verdict) => deny(verdict, 'never', DenyReason.BadCredential)),
      { phase: 'limit' },
    );
    await recordAll([never, ...base]);
    const report = await replay(file, { handlers: base });

    // Of ann two, of bob one, of the stranger six, then it is sent away.
    expect(report.unknownCredentials).toBe(9);
  });

  it('counts nothing where a real server counts', async () => {
    const store = fakeCounterStore();
    const options = { limit: 100, windowMs: 60_000, keyOf: () => 'all', store };
    const counted = decide('SSHUserAuthRequest', rateLimit<SSHUserAuthRequest>(options), { phase: 'limit' });
    await recordAll([counted, ...base]);
    const { calls } = store;
    expect(calls.length).toBeGreaterThan(0);
    const before = calls.length;
    await replay(file, { handlers: [counted, ...base] });

    expect(store.calls).toHaveLength(before);
  });

  it('tells of decisions that come too late now', async () => {
    await recordAll(base);
    const slow = decide(
      'SSHUserAuthRequest',
      decideEach<SSHUserAuthRequest>('slow', (verdict) => timer(20_000).pipe(map(() => verdict))),
      { phase: 'limit' },
    );
    const { changes } = await replay(file, { handlers: [slow, ...base] });

    expect(changes).toContainEqual(expect.objectContaining({ user: 'ann', replayed: undefined }));
  });

  it('knows a step of several again, and finds where a new requirement makes one of what let somebody in', async () => {
    const codes = decide(
      'SSHUserAuthRequest',
      grantKeyboardInteractive({ name: 'code', prompts: [{ text: 'Code: ' }], verify: (_user, [it]) => it === '42' }),
    );
    const handlers = [
      decide('SSHUserAuthRequest', requireMethods('password+code'), { phase: 'limit' }),
      ...base,
      codes,
    ];
    {
      await using simulation = await simulate({ handlers, authMethods: [...authMethods] });
      const recording = record(simulation.server.events.all, { path: file, clock: simulation.clock });
      simulation.client('192.0.2.7', 'ckria', {
        k: authRequest.keyboardInteractive('ann'),
        r: right,
        i: authRequest.keyboardInteractive('ann'),
        a: authRequest.keyboardInteractiveAnswer('ann', ['42']),
      });
      await simulation.run('10s');
      await recording.close();
    }

    const same = await replay(file, { handlers, authMethods: [...authMethods] });
    expect([same.changes, same.decisions]).toEqual([[], 6]);

    const one = await replay(file, { handlers: [...base, codes], authMethods: [...authMethods] });
    expect(
      one.changes.map(({ recorded, replayed }) => [
        recorded?.partial,
        recorded?.reason,
        replayed?.outcome,
        replayed?.partial,
      ]),
    ).toEqual([
      [undefined, DenyReason.MethodNotAllowed, 'granted', undefined],
      [true, undefined, 'granted', undefined],
    ]);
  });
});
