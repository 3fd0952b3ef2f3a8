import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer as createListener, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream';

import { filter, firstValueFrom, NEVER, Subject } from 'rxjs';
import {
  type ApplicationServer,
  bandwidth,
  type Channel,
  createServer,
  decide,
  exec,
  generateHostKey,
  grantPublicKey,
  type Handler,
  type RevocationSignal,
  revokedBy,
  routeChannels,
  sessionLimit,
  shell,
  type SshEvent,
} from 'rxsshd';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { type ClientKeys, makeClientKeys } from '../support/client-keys.js';
import { OpenSshClient } from '../support/openssh-client.js';
import { requires } from '../support/requires.js';

const programs = requires(['ssh', 'ssh-keygen']);

describe.skipIf(programs.missing.length > 0)(programs.title('OpenSSH, permissions that end'), () => {
  let folder: string;
  let keys: ClientKeys;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-leases-'));
    keys = await makeClientKeys(programs.path('ssh-keygen'), folder);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function open(...handlers: readonly Handler[]) {
    const { hostKey } = await generateHostKey('ssh-ed25519');
    const server = await createServer({
      hostKeys: [hostKey],
      handlers: [
        decide('SSHUserAuthRequest', grantPublicKey(await readFile(`${keys.ed25519}.pub`, 'utf8'))),
        exec('wait', () => NEVER),
        exec('cat', async (session) => {
          for await (const block of session.stdin as AsyncIterable<Buffer>) await session.write(block);
        }),
        shell(() => NEVER),
        ...handlers,
      ],
    });
    onTestFinished(() => server.shutdown());
    const log: SshEvent[] = [];
    server.events.all.subscribe((event) => log.push(event));
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    const ssh = new OpenSshClient({
      program: programs.path('ssh'),
      server: { host: '127.0.0.1', port: typeof address === 'string' ? 0 : address.port },
      key: keys.ed25519,
      env: { HOME: folder, LANG: 'C.UTF-8', TERM: 'xterm' },
    });
    return { server, log, ssh };
  }

  /** The next program that has started, by what asked for it. */
  const programStarted = (server: ApplicationServer): Promise<unknown> =>
    firstValueFrom(
      server.events.SSHChannelRequested.pipe(filter(({ requestType }) => ['exec', 'shell'].includes(requestType))),
    );

  it('a session limit warns the user of a shell, then ends it with a reason that can be read', async () => {
    const { log, ssh } = await open(decide('SSHChannelRequest', sessionLimit({ limitMs: 1500, warnBeforeMs: 1000 })));
    const { stdout, status } = await ssh.run(undefined, { flags: ['-tt'], input: '' });
    const lines = stdout
      .toString()
      .split('\r\n')
      .filter((line) => line !== '');

    expect(lines).toEqual(['This session ends in 1 second', 'this session has reached its limit of 2 seconds']);
    expect(status).not.toBe(0);
    expect(log.find(({ type }) => type === 'SSHChannelClosed')).toMatchObject({
      exit: { signal: 'TERM' },
      revoked: { by: 'sessionLimit' },
    });
    const outcomes = log.flatMap((event) => (event.type === 'Decided' && event.outcome === 'revoked' ? [event] : []));
    expect(outcomes).toMatchObject([{ by: 'sessionLimit', request: { requestType: 'shell' } }]);
  });

  it('an operator’s lock ends a running command at once, and says so on its standard error', async () => {
    const lock = new Subject<RevocationSignal>();
    const { server, ssh } = await open(decide('SSHUserAuthRequest', revokedBy(lock)));
    const started = programStarted(server);
    const running = ssh.start('wait');
    await started;
    lock.next('the account is locked');
    const { stderr, status } = await running.finished;

    expect(stderr).toContain('the account is locked');
    expect(status).toBe(255);
  });

  it('an operator’s lock ends a running forward at once, with the bytes that are on their way', async () => {
    const lock = new Subject<RevocationSignal>();
    const { port: targetPort, sockets } = await listen((socket) => socket.write('hello'));
    const toTarget = (channel: Channel): void => {
      pipeline(channel.stream, connect(targetPort, '127.0.0.1'), channel.stream, () => {
        channel.close();
      });
    };
    const { server, log, ssh } = await open(
      decide('SSHChannelOpenRequest', (verdict$) =>
        verdict$.pipe(routeChannels({ 'direct-tcpip': toTarget }), revokedBy(lock)),
      ),
    );
    const { port } = await freePort();
    const started = programStarted(server);
    const running = ssh.start('wait', { flags: ['-L', `127.0.0.1:${String(port)}:ignored:1`] });
    await started;
    const client = connect(port, '127.0.0.1');
    onTestFinished(() => {
      client.destroy();
    });
    const [first] = (await once(client, 'data')) as [Buffer];
    expect(first.toString()).toBe('hello');
    const ended = Promise.all([client, ...sockets].map((socket) => once(socket, 'close')));
    lock.next('closed for maintenance');
    await ended;

    expect(log.filter(({ type }) => type === 'SSHChannelClosed')).toContainEqual(
      expect.objectContaining({
        channelType: 'direct-tcpip',
        revoked: { by: 'revokedBy', message: 'closed for maintenance' },
      }),
    );
    expect((await running.finished).stderr).toContain('closed for maintenance');
  });

  it('a bandwidth holds in both directions, and no byte is lost', async () => {
    const rate = 512 * 1024;
    const { ssh } = await open(
      decide('SSHUserAuthRequest', bandwidth({ receiveBytesPerSecond: rate, sendBytesPerSecond: rate })),
    );
    const input = Buffer.alloc(1024 * 1024, 'abcdefg');
    const startedAt = process.hrtime.bigint();
    const { stdout, status } = await ssh.run('cat', { input });
    const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;

    expect(status).toBe(0);
    expect(stdout.equals(input)).toBe(true);
    // 1 MiB at 512 KiB a second, less a burst of a quarter of a MiB in each direction; slower machines only take longer.
    expect(seconds).toBeGreaterThan(1);
  });
});

/** A listener on a free port of the loopback, and the connections that it has got. */
async function listen(onSocket: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const listener: Server = createListener((socket) => {
    sockets.push(socket);
    // The other end may be cut off.
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  // A TCP listener has an AddressInfo while it listens.
  return { sockets, port: (listener.address() as AddressInfo).port };
}

/** A port that nobody listened on a moment ago, for a client that cannot be told to choose one. */
async function freePort(): Promise<{ readonly port: number }> {
  const listener = createListener();
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return { port };
}
