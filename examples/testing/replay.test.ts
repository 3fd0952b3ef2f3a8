import { deepEqual } from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { decide, denyUsers, record } from 'rxsshd';
import { authRequest, channelRequest, replay, simulate } from 'rxsshd/testing';
import { afterAll, beforeAll, it } from 'vitest';

import { house } from './house.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'recording-'));
  await using simulation = await simulate({ handlers: house });
  const traffic = { path: path.join(folder, 'traffic.jsonl'), clock: simulation.clock };
  const recording = record(simulation.server.events.all, traffic);
  simulation.client('192.0.2.7', 'casx|', {
    a: authRequest.password('ann', 'right'),
    x: channelRequest.exec('date'),
  });
  simulation.client('192.0.2.8', '1h cb|', { b: authRequest.password('bob', 'fine') });
  await simulation.run('2h');
  await recording.close();
});
afterAll(() => rm(folder, { recursive: true }));

it('keeps out bob, and nobody else', async () => {
  const withoutBob = [decide('SSHUserAuthRequest', denyUsers(['bob']), { phase: 'limit' }), ...house];
  const { changes, summary } = await replay(path.join(folder, 'traffic.jsonl'), { handlers: withoutBob });

  deepEqual(
    changes.map(({ user, recorded, replayed }) => [user, recorded?.outcome, replayed?.outcome, replayed?.reason]),
    [['bob', 'granted', 'denied', 'user-not-allowed']],
  );
  deepEqual(summary.bySource, { '192.0.2.8': 1 });
});
