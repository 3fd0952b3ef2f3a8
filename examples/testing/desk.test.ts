import { equal } from 'node:assert/strict';

import { ContainerModule } from 'inversify';
import { map } from 'rxjs';
import { authRequest, channelRequest, simulate } from 'rxsshd/testing';
import { it } from 'vitest';

import { Desk, type Directory, DIRECTORY } from './desk.js';

const later = <T>(ms: number, value: T): Promise<T> => new Promise((resolve) => setTimeout(resolve, ms, value));

/** Takes its time, as directories do. */
const directory: Directory = {
  verify: (user, password) => later(20, user === 'ann' && password === 'right'),
  report: () => later(60_000, 'all is well\n'),
};

const desk = {
  handlers: [Desk],
  modules: [
    new ContainerModule(({ bind }) => {
      bind(DIRECTORY).toConstantValue(directory);
    }),
  ],
};

const steps = {
  w: authRequest.password('ann', 'wrong'),
  r: authRequest.password('ann', 'right'),
  x: channelRequest.exec('report'),
};

it('lets ann in, writes her report, and sends her home when she falls asleep', async () => {
  await using simulation = await simulate(desk);
  const ann = simulation.client('192.0.2.7', 'c-w 30ms r 30ms s-x', steps);

  simulation.expectClient(ann).toBe('         c 21ms d 30ms g 10ms o-y 59s 999ms (ez) 13m 59s 996ms w 59s 999ms x', {
    e: 'exited: 0',
    w: 'warned: This session ends in 1 minute unless it is used',
    x: 'disconnected: this session was not used for 15 minutes',
  });
  await simulation.run();
  equal(ann.stdout, 'a moment, please\nall is well\n');
});

it('tells of every decision, who made it and when', async () => {
  await using simulation = await simulate(desk);
  const decided$ = simulation.server.events.Decided.pipe(map(({ request, outcome }) => `${request.type} ${outcome}`));
  simulation.client('192.0.2.7', 'c-w', steps);

  simulation.expectEvents(decided$).toBe('(cs) 18ms w', {
    c: 'ConnectionRequest granted',
    s: 'SSHServiceRequest granted',
    w: 'SSHUserAuthRequest denied',
  });
  await simulation.run();
});
