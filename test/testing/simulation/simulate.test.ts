import { preDestroy } from 'inversify';
import { map } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { decide, SshHandler, exec, grantPassword, sessionLimit } from '../../../src/index.js';
import { authRequest, channelRequest, simulate } from '../../../src/testing/index.js';

const right = (user: string, password: string): boolean => user === 'ann' && password === 'right';
const w = authRequest.password('ann', 'wrong');
const r = authRequest.password('ann', 'right');

describe('a simulation', () => {
  it('signs in whom the policies let in', async () => {
    await using simulation = await simulate({ policies: { SSHUserAuthRequest: [grantPassword(right)] } });
    const ann = simulation.client('192.0.2.7', 'c-w-r', { w, r });
    simulation.expectClient(ann).toBe('c-d-g 1h ');
    const { SSHUserAuthRequest } = simulation.server.events;
    simulation.expectEvents(SSHUserAuthRequest.pipe(map(({ user }) => user))).toBe('--a-a', { a: 'ann' });
    await simulation.run();
  });

  it('runs programs', async () => {
    await using simulation = await simulate({
      handlers: [
        decide('SSHUserAuthRequest', grantPassword(right)),
        exec('hello', async (session) => {
          await session.write('hello\n');
          await new Promise((resolve) => setTimeout(resolve, 5000));
          return 3;
        }),
      ],
    });
    const ann = simulation.client('192.0.2.7', 'crsx|', { r, x: channelRequest.exec('hello') });
    simulation.expectClient(ann).toBe('cgoy');
    await simulation.run();
    expect(ann.stdout).toBe('hello\n');
  });

  it('ends programs at their time', async () => {
    await using simulation = await simulate({
      handlers: [
        decide('SSHUserAuthRequest', grantPassword(right)),
        exec('hello', async () => {
          await new Promise((resolve) => setTimeout(resolve, 5000));
          return 3;
        }),
      ],
    });
    const ann = simulation.client('192.0.2.7', 'crsx', { r, x: channelRequest.exec('hello') });
    simulation.expectClient(ann).toBe('cgoy 4999ms (ez)', { e: 'exited: 3' });
    await simulation.run();
  });

  it('holds leases', async () => {
    await using simulation = await simulate({
      policies: {
        SSHUserAuthRequest: [grantPassword(right), sessionLimit({ limitMs: 3_600_000, warnBeforeMs: 60_000 })],
      },
    });
    const ann = simulation.client('192.0.2.7', 'crs', { r });
    simulation.expectClient(ann).toBe('cgo 3539998ms w 59999ms (zx)', {
      x: 'disconnected: this session has reached its limit of 1 hour',
    });
    await simulation.run();
  });

  it('ends with handlers that take their time to go', async () => {
    const done: string[] = [];
    @SshHandler()
    class Slow {
      @preDestroy()
      async go(): Promise<void> {
        await new Promise((resolve) => setTimeout(resolve, 60_000));
        done.push('slow');
      }
    }
    {
      await using simulation = await simulate({ handlers: [Slow] });
      await simulation.run('1s');
    }
    expect(done).toEqual(['slow']);
  });

  it('gives the time back when the server cannot be shut down', async () => {
    @SshHandler()
    class Failing {
      @preDestroy()
      go(): Promise<void> {
        return Promise.reject(new Error('the disk is gone'));
      }
    }
    const failing = async (): Promise<void> => {
      await using simulation = await simulate({ handlers: [Failing] });
      await simulation.run('1s');
    };
    await expect(failing()).rejects.toThrow('the disk is gone');
    await using next = await simulate({});
    expect(next.elapsedMs).toBe(0);
  });
});
