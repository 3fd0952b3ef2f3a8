import { describe, expect, it } from 'vitest';

import type { CreateServerOptions } from '../../src/index.js';
import * as send from '../support/wire-client-payloads.js';
import { wireBytes } from '../support/wire-bytes.js';
import type { WireClient } from '../support/wire-client.js';
import { TestServer } from './test-server.js';

/** A client that has asked for authentication and hears what it is told of that, in order. */
async function arrive(server: TestServer): Promise<WireClient> {
  const client = await server.connect();
  await client.exchanged();
  client.send(send.serviceRequest());
  await client.take(6);
  return client;
}

const told = (client: WireClient): readonly string[] =>
  client.payloads
    .filter(([number = 0]) => number >= 50 && number < 80)
    .map((payload) => (payload[0] === 53 ? payload.toString('utf8', 5, payload.length - 4) : String(payload[0])));

describe('the banner', () => {
  it('comes once, ahead of the first answer', async () => {
    const server = await TestServer.start({ banner: 'Authorised use only.\nYou are watched.' });
    const client = await arrive(server);
    expect(told(client)).toEqual([]);

    client.send(send.authNone(), send.authPassword('wrong'), send.authPassword('secret'));
    await client.take(52);

    expect(told(client)).toEqual(['Authorised use only.\r\nYou are watched.\r\n', '51', '51', '52']);
    expect(client.payloads.find(([number]) => number === 53)).toEqual(
      wireBytes(53, 'Authorised use only.\r\nYou are watched.\r\n', ''),
    );
  });

  it('may be made of the request: who, from where', async () => {
    const server = await TestServer.start({
      banner: ({ user, connection }) => (user === 'ann' ? `Hello ${user} from ${connection.remoteAddress}` : undefined),
    });
    const client = await arrive(server);
    client.send(send.authPassword('wrong', 'bob'), send.authNone('ann'), send.authPassword('secret', 'ann'));
    await client.take(52);

    expect(told(client)).toEqual(['51', 'Hello ann from 127.0.0.1\r\n', '51', '52']);
  });

  it('is asked for no more once there was one', async () => {
    let asked = 0;
    const server = await TestServer.start({
      banner: () => {
        asked += 1;
        return 'once';
      },
    });
    const client = await arrive(server);
    client.send(send.authNone(), send.authNone(), send.authPassword('secret'));
    await client.take(52);

    expect(asked).toBe(1);
  });

  it('is not asked for about a name that nobody can have', async () => {
    const asked: string[] = [];
    const server = await TestServer.start({
      banner: ({ user }) => {
        asked.push(user);
        return `Hello ${user}`;
      },
    });
    const client = await arrive(server);
    client.send(send.authNone('\u001b[2Jann'), send.authNone('ann\nroot'), send.authPassword('secret', 'ann'));
    await client.take(52);

    expect(told(client)).toEqual(['51', '51', 'Hello ann\r\n', '52']);
    expect(asked).toEqual(['ann']);
  });

  it.each<[string, CreateServerOptions['banner'] & object]>([
    [
      'throws',
      () => {
        throw new Error('no such file');
      },
    ],
    ['gives no text', () => Promise.resolve('hello') as never],
    // A rejection that nobody handles ends the run of tests, as it ends a server.
    ['gives what is rejected', () => Promise.reject(new Error('no such file')) as never],
  ])('that %s is told of once, and keeps nobody out', async (_name, banner) => {
    const server = await TestServer.start({ banner });
    const client = await arrive(server);
    client.send(send.authNone(), send.authPassword('secret'));
    await client.take(52);

    expect(told(client)).toEqual(['51', '52']);
    expect(server.errors.map(({ error }) => [error.code, error.message.replace(/:.*/u, '')])).toEqual([
      ['ERR_SSH_HANDLER_FAILED', 'no banner could be sent'],
    ]);
  });

  it.each(['', '\u0000'])('with nothing in it that can be shown (%j) is none, and asked for again', async (nothing) => {
    const server = await TestServer.start({ banner: ({ user }) => (user === 'ann' ? 'Hello ann' : nothing) });
    const client = await arrive(server);
    client.send(send.authNone('bob'), send.authNone('ann'), send.authPassword('secret'));
    await client.take(52);

    expect(told(client)).toEqual(['51', 'Hello ann\r\n', '51', '52']);
    expect(server.errors).toEqual([]);
  });

  it('may be what somebody hears of who ends the connection', async () => {
    const server = await TestServer.start({ banner: 'hello', logLevel: 2 });
    server.ssh.events.Log.subscribe(({ connection, step }) => {
      if (step?.kind === 'banner-sent') server.ssh.connection(connection.id)?.disconnect('enough');
    });
    const client = await arrive(server);
    client.send(send.authPassword('secret'));
    await client.closed;

    expect(told(client)).toEqual(['hello\r\n']);
    expect(server.of('SSHUserAuthRequest')).toEqual([]);
  });
});
