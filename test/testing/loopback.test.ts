import type { Duplex } from 'node:stream';

import { filter, firstValueFrom, map, toArray } from 'rxjs';
import { Client, type ConnectConfig, type ExecOptions } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';

import {
  acceptEnvironment,
  allowFrom,
  createServer,
  type CreateServerOptions,
  decide,
  exec,
  generateHostKey,
  grantPassword,
  grantPublicKey,
  type SshServer,
} from '../../src/index.js';
import { authRequest, channelOpen, channelRequest, connectionRequest, loopback } from '../../src/testing/index.js';

const host = await generateHostKey();
const user = await generateHostKey();
const userKeyLine = `ssh-ed25519 ${user.hostKey.publicBlob.toString('base64')} ann`;

const servers: SshServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.shutdown()));
});

async function start(options: Partial<CreateServerOptions> = {}): Promise<SshServer> {
  const server = await createServer({
    hostKeys: [host.hostKey],
    onWarning: () => undefined,
    ...options,
    handlers: [
      decide('SSHUserAuthRequest', grantPublicKey(userKeyLine, { user: 'ann' })),
      decide(
        'SSHUserAuthRequest',
        grantPassword((_user, password) => password === 'right'),
      ),
      decide('SSHChannelRequest', acceptEnvironment(['LANG'])),
      exec('hello', (session) => `hello ${session.user}\n`),
      exec('cat', async (session) => {
        for await (const block of session.stdin as AsyncIterable<Buffer>) await session.write(block);
        return 0;
      }),
      exec('exit *', (session) => Number(session.arguments)),
      ...(options.handlers ?? []),
    ],
  });
  servers.push(server);
  return server;
}

/** A client that is signed in. */
function connect(server: SshServer, config: ConnectConfig, peer?: Parameters<typeof loopback>[1]): Promise<Client> {
  const client = new Client();
  return new Promise((resolve, reject) => {
    // For good: after the reason for which a connection failed, the client also reports that it is lost.
    client.on('error', reject);
    client.once('ready', () => {
      resolve(client);
    });
    client.connect({ username: 'ann', ...config, sock: loopback(server, peer) });
  });
}

const byPassword: ConnectConfig = { password: 'right' };
const byKey: ConnectConfig = { privateKey: user.privateKeyText };

interface Run {
  readonly output: string;
  readonly status: unknown;
}

const run = (client: Client, command: string, input = '', options: ExecOptions = {}): Promise<Run> =>
  new Promise((resolve, reject) => {
    client.exec(command, options, (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      // In the callback: everything may have arrived already.
      let status: unknown;
      channel.once('exit', (code: unknown) => {
        status = code;
      });
      let output = '';
      channel.setEncoding('utf8').on('data', (piece: string) => {
        output += piece;
      });
      channel.once('close', () => {
        resolve({ output, status });
      });
      channel.end(input);
    });
  });

const closed = (client: Client): Promise<void> =>
  new Promise((resolve) => {
    client.once('close', () => {
      resolve();
    });
  });

describe('loopback', () => {
  it.each([
    ['a password', byPassword],
    ['a key', byKey],
  ])('lets a client sign in with %s and run a command, without a port', async (_what, config) => {
    const server = await start();
    const client = await connect(server, config);

    expect(await run(client, 'hello')).toEqual({ output: 'hello ann\n', status: 0 });
    expect(await run(client, 'exit 7')).toEqual({ output: '', status: 7 });
    client.end();
    await closed(client);
  });

  it('refuses a client with a wrong password', async () => {
    const server = await start();

    await expect(connect(server, { password: 'wrong' })).rejects.toThrow(
      'All configured authentication methods failed',
    );
  });

  it('serves several clients at once, each with its own bytes', async () => {
    const server = await start({ admission: { maxPerSource: 8 } });
    const clients = await Promise.all(Array.from({ length: 8 }, () => connect(server, byKey)));
    const inputs = clients.map((_client, index) => String(index).repeat(100_000 + index));

    const outputs = await Promise.all(clients.map((client, index) => run(client, 'cat', inputs[index])));

    expect(outputs.every(({ output }, index) => output === inputs[index])).toBe(true);
    expect(server.connections).toHaveLength(8);
  });

  it('carries much more than any buffer holds, both ways at once', async () => {
    const server = await start();
    const client = await connect(server, byPassword);
    const input = 'x'.repeat(8 * 1024 * 1024);

    expect((await run(client, 'cat', input)).output).toHaveLength(input.length);
  });

  it('ends the connection on the server when the client ends, and leaves nothing behind', async () => {
    const server = await start();
    const disconnected = firstValueFrom(server.events.Disconnected);
    const client = await connect(server, byPassword);
    const gone = closed(client);
    client.end();

    expect(await disconnected).toMatchObject({ by: 'peer' });
    await gone;
    expect(server.connections).toEqual([]);
  });

  it('ends the client when the server ends', async () => {
    const server = await start();
    const client = await connect(server, byPassword);
    const gone = closed(client);
    server.connections[0]?.disconnect('enough');
    await gone;
  });

  it('ends the connection on the server when the client vanishes', async () => {
    const server = await start();
    const disconnected = firstValueFrom(server.events.Disconnected);
    const client = await connect(server, byPassword);
    client.destroy();

    expect(await disconnected).toMatchObject({ by: 'peer' });
  });

  it('comes from where it is told to', async () => {
    const server = await start({ handlers: [decide('ConnectionRequest', allowFrom(['192.0.2.0/24']))] });
    const client = await connect(server, byPassword, { remoteAddress: '192.0.2.9', remotePort: 4022 });

    expect(server.connections[0]?.info).toMatchObject({ remoteAddress: '192.0.2.9', remotePort: 4022 });
    client.end();
    await expect(connect(server, byPassword)).rejects.toThrow();
  });

  it('lets go of the connection at the end of the scope that holds it', async () => {
    const server = await start();
    const disconnected = firstValueFrom(server.events.Disconnected);
    let stream: Duplex;
    {
      await using held = loopback(server);
      stream = held;
      await new Promise<void>((resolve) => {
        const client = new Client().once('ready', () => {
          resolve();
        });
        client.connect({ sock: held, username: 'ann', ...byPassword });
      });
      expect(server.connections).toHaveLength(1);
    }

    expect(server.connections).toEqual([]);
    expect(stream.closed).toBe(true);
    expect(stream.errored).toBeNull();
    expect(await disconnected).toMatchObject({ by: 'peer' });
    await stream[Symbol.asyncDispose]();
  });

  it('leaves the scope likewise before the server has answered, after it refused, and if it cannot serve', async () => {
    const server = await start({ handlers: [decide('ConnectionRequest', allowFrom(['192.0.2.0/24']))] });
    {
      await using undecided = loopback(server, { remoteAddress: '192.0.2.9' });
      expect(undecided.destroyed).toBe(false);
    }
    expect(server.connections).toEqual([]);
    {
      await using refused = loopback(server, { remoteAddress: '198.51.100.9' });
      await new Promise((resolve) => refused.resume().once('close', resolve));
    }
    await server.shutdown();
    {
      await using unserved = loopback(server);
      await new Promise((resolve) => unserved.once('error', resolve));
    }
    expect(server.connections).toEqual([]);
  });

  it('destroys the stream with the reason if the server cannot serve', async () => {
    const server = await start();
    await server.shutdown();
    const stream = loopback(server);

    expect(await new Promise((resolve) => stream.once('error', resolve))).toMatchObject({ code: 'ERR_SSH_STATE' });
    expect(stream.destroyed).toBe(true);
  });
});

describe('the builders of requests', () => {
  it('make what a server makes of a real client', async () => {
    const server = await start();
    const requests = firstValueFrom(
      server.events.all.pipe(
        filter(({ type }) => type.endsWith('Request')),
        map(withoutPlace),
        toArray(),
      ),
    );
    const client = await connect(server, byKey);
    await run(client, 'hello', '', { env: { LANG: 'C' }, pty: { term: 'vt100', rows: 50 } });
    client.end();
    await closed(client);
    await server.shutdown();

    const identity = { user: 'ann', method: 'publickey', keyFingerprint: user.hostKey.fingerprint };
    expect(await requests).toEqual([
      withoutPlace(connectionRequest()),
      { type: 'SSHServiceRequest', service: 'ssh-userauth' },
      withoutPlace(authRequest.none('ann')),
      withoutPlace(authRequest.offeredKey('ann', userKeyLine, { ordinal: 2 })),
      withoutPlace(authRequest.provenKey('ann', userKeyLine, { ordinal: 3 })),
      withoutPlace(channelOpen.session({ identity })),
      withoutPlace(channelRequest.env('LANG', 'C', { identity, wantReply: false })),
      withoutPlace(channelRequest.pty({ term: 'vt100', rows: 50, identity, widthPixels: 640, heightPixels: 480 })),
      withoutPlace(channelRequest.exec('hello', { identity })),
    ]);
  });
});

/** A request without its connection, which has other addresses here. */
function withoutPlace({ connection: _, ...request }: { readonly connection?: unknown }): object {
  return request;
}
