import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  decide,
  denyUsers,
  exec,
  grantPassword,
  type Handler,
  rateLimit,
  sessionLimit,
  shell,
  type SSHUserAuthRequest,
} from '../../../src/index.js';
import { record } from '../../../src/recording/record.js';
import { act, authRequest, channelRequest, replay, simulate } from '../../../src/testing/index.js';

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
});
