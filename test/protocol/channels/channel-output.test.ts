import { finished } from 'node:stream/promises';

import { describe, expect, it } from 'vitest';

import { FakeChannel } from '../../support/fake-channel.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('one writing direction of a channel', () => {
  it('finishes when the client has taken everything, and sends no EOF', async () => {
    const channel = new FakeChannel({ window: 1 });
    const output = channel.openOutput('stdout');
    output.end('ab');
    await turn();
    expect(output.writableFinished).toBe(false);

    channel.widen(1);
    await finished(output);
    expect(channel.told).toEqual(['data 1', 'data 1']);
  });

  it('joins small chunks that had to wait into one packet', async () => {
    const channel = new FakeChannel({ window: 0 });
    const output = channel.openOutput('stdout');
    for (let chunk = 0; chunk < 100; chunk += 1) output.write('0123456789');
    channel.widen(10_000);
    await turn();

    // The first chunk had left Node's buffer alone, before there were others.
    expect(channel.told).toEqual(['data 10', 'data 990']);
  });

  it('keeps both directions in the order in which they were written', async () => {
    const channel = new FakeChannel({ window: 0 });
    channel.openOutput('stdout').write('out');
    channel.openOutput('stderr').write('error');
    channel.widen(100);
    await turn();
    expect(channel.told).toEqual(['data 3', 'stderr 5']);
  });

  it('drops what it holds when it is destroyed, and closes nothing', async () => {
    const channel = new FakeChannel({ window: 0 });
    const output = channel.openOutput('stdout');
    output.write('sent to the channel');
    output.write('held');
    output.destroy();
    channel.widen(100);
    await turn();
    expect(channel.told).toEqual(['data 19']);
    expect(channel.closed).toBe(false);
  });

  it('fails for whoever still writes when the client goes away', async () => {
    const channel = new FakeChannel({ window: 0 });
    const output = channel.openOutput('stdout');
    output.write('a');
    const outcome = finished(output);
    channel.vanish();
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_SSH_CHANNEL' });
  });
});
