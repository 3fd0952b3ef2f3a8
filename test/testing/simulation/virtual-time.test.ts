import { Readable } from 'node:stream';

import { timer } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { exec, grantPassword } from '../../../src/index.js';
import { authRequest, channelRequest, simulate } from '../../../src/testing/index.js';

const DAY = 86_400_000;

describe('the time of a simulation', () => {
  it('ends at the millisecond that it was to pass to, and calls what is due then but nothing later', async () => {
    await using simulation = await simulate({});
    const called: number[] = [];
    for (const ms of [9, 10, 11]) setTimeout(() => called.push(ms), ms);

    await simulation.run('10ms');
    expect(simulation.elapsedMs).toBe(10);
    expect(called).toEqual([9, 10]);
    await simulation.run('1ms');
    expect(called).toEqual([9, 10, 11]);
    expect(Date.now()).toBe(Date.parse('2026-01-01T00:00:00.011Z'));
  });

  it('passes for longer than a timer of Node can wait', async () => {
    await using simulation = await simulate({});
    const late = simulation.client('192.0.2.7', '60d c');

    simulation.expectClient(late).toBe('60d c 59s 999ms x');
    await simulation.run('90d');
    expect(simulation.elapsedMs).toBe(90 * DAY);
  });

  it('stands still until promises, ticks and streams have had their say, one behind the other', async () => {
    await using simulation = await simulate({});
    const done: string[] = [];
    setTimeout(() => {
      void (async () => {
        await Promise.resolve();
        await new Promise<void>((resolve) => {
          process.nextTick(resolve);
        });
        for await (const piece of Readable.from(['a', 'b', 'c'])) done.push(String(piece));
        done.push(`all of it at ${String(simulation.elapsedMs)}`);
      })();
    }, 5);
    setTimeout(() => done.push(`the next at ${String(simulation.elapsedMs)}`), 6);

    await simulation.run('1s');
    expect(done).toEqual(['a', 'b', 'c', 'all of it at 5', 'the next at 6']);
  });

  it('is the time of RxJS, too, with its clock and without', async () => {
    await using simulation = await simulate({});
    const seen: (readonly [string, number])[] = [];
    timer(1000).subscribe(() => seen.push(['process', simulation.elapsedMs]));
    timer(2000, simulation.clock.scheduler).subscribe(() => seen.push(['clock', simulation.clock.now()]));

    await simulation.run('3s');
    expect(seen).toEqual([
      ['process', 1000],
      ['clock', Date.parse('2026-01-01T00:00:02Z')],
    ]);
  });

  it('takes steps that are drawn as a group in one millisecond', async () => {
    await using simulation = await simulate({
      policies: { SSHUserAuthRequest: [grantPassword(() => true)] },
      handlers: [exec('true', () => 0)],
    });
    const values = { r: authRequest.password('ann', ''), x: channelRequest.exec('true') };
    const ann = simulation.client('192.0.2.7', '-(crsx|)', values);

    simulation.expectClient(ann).toBe('-(cgoyez)');
    await simulation.run();
  });

  it('fails a run with what a timer of the process throws', async () => {
    await using simulation = await simulate({});
    setTimeout(() => {
      throw new Error('nobody caught it');
    }, 5);

    await expect(simulation.run('1s')).rejects.toThrow('nobody caught it');
    expect(simulation.elapsedMs).toBe(5);
  });
});
