import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';

import { describe, expect, it, onTestFinished } from 'vitest';

import { createServer, generateHostKey, type ListenOptions } from '../../src/index.js';
import { listenerOptions } from '../../src/streams/listener-options.js';

describe('the options of a listener', () => {
  it('send at once and notice dead peers, unless told otherwise', () => {
    expect(listenerOptions({})).toEqual({
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      allowHalfOpen: true,
    });
    expect(listenerOptions({ noDelay: false, keepAliveMs: 0 })).toMatchObject({ noDelay: false, keepAlive: false });
    expect(listenerOptions({ keepAliveMs: 5000 })).toMatchObject({ keepAlive: true, keepAliveInitialDelay: 5000 });
  });

  it.each([-1, 1, 999, NaN, Infinity, 2 ** 31])('are no times of %d ms', (keepAliveMs) => {
    expect(() => listenerOptions({ keepAliveMs })).toThrow(
      expect.objectContaining({
        code: 'ERR_SSH_OPTION',
        message: `listen: keepAliveMs: expected 0 or from 1000 on, got ${String(keepAliveMs)}`,
      }),
    );
  });

  // Linux tells of each socket which timer it waits for: 02 is that of keep-alive.
  it.skipIf(!existsSync('/proc/net/tcp')).each<[ListenOptions, string]>([
    [{}, '02'],
    [{ keepAliveMs: 0 }, '00'],
  ])('reach the sockets: %j', async (options, timer) => {
    const server = await createServer({
      hostKeys: [(await generateHostKey()).hostKey],
      onWarning: () => undefined,
    });
    onTestFinished(() => server.shutdown());
    const address = await server.listen({ host: '127.0.0.1', port: 0, ...options });
    const port = typeof address === 'string' ? 0 : address.port;
    const client = connect(port, '127.0.0.1');
    onTestFinished(() => {
      client.destroy();
    });
    await once(client, 'data');

    const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    const rows = readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((row) => row.trim().split(/\s+/u));
    const established = rows.filter(([, at, , state]) => at === local && state === '01');
    expect(established.map((row) => row[5]?.slice(0, 2))).toEqual([timer]);
  });
});
