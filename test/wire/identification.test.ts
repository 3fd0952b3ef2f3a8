import { describe, expect, it } from 'vitest';

import { TestServer } from './test-server.js';

const IDENTIFICATION = 'SSH-2.0-rxsshd\r\n';

describe('a client that does not speak SSH is closed at once', () => {
  it.each([
    ['HTTP', 'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n'],
    ['SSH 1.5', 'SSH-1.5-old\r\n'],
    ['a line of 20 kB', `SSH-2.0-${'x'.repeat(20_000)}`],
    ['an endless greeting', 'hello\n'.repeat(2000)],
    ['binary data', Buffer.alloc(20_000, 0xa5)],
    ['zeros', Buffer.alloc(20_000)],
    ['a TLS hello', Buffer.from('16030100c8010000c40303', 'hex')],
  ])('%s', async (name, bytes) => {
    const server = await TestServer.start();
    const client = await server.plain();

    client.write(bytes);
    // A TLS hello may be the beginning of a line; it ends with the time to log in.
    if (name === 'a TLS hello') {
      await server.event('Connected');
      server.clock.advance(60_000);
    }
    await client.closed;

    expect(client.text).toBe(IDENTIFICATION);
    expect(server.of('Disconnected')).toHaveLength(1);
    await server.servesTheNext();
  });

  it('reports a breach of protocol, not a crash', async () => {
    const server = await TestServer.start();
    const client = await server.plain();

    client.write('GET / HTTP/1.1\r\n\r\n');
    await client.closed;

    expect(server.errors.map(({ error }) => error.code)).toEqual(['ERR_SSH_PROTOCOL']);
    expect(server.of('Disconnected')).toMatchObject([{ by: 'server' }]);
  });
});

describe('the identification line', () => {
  it('may arrive byte by byte', async () => {
    const server = await TestServer.start();
    const client = await server.plain();

    for (const character of 'SSH-2.0-slow comment\r\n') {
      const arrived = new Promise((resolve) => server.sockets[0]?.once('data', resolve));
      client.write(character);
      await arrived;
    }

    await client.payload(20);
    expect(server.ssh.connections[0]?.clientVersion).toBe('SSH-2.0-slow comment');
  });

  it('may come in two pieces, the second with a packet behind it', async () => {
    const server = await TestServer.start();
    const client = await server.plain();

    client.write('SSH-2.0-tw');
    await new Promise((resolve) => server.sockets[0]?.once('data', resolve));
    client.write('o\r\n');
    await client.payload(20);

    expect(server.ssh.connections[0]?.clientVersion).toBe('SSH-2.0-two');
  });

  it('may end in a bare line feed', async () => {
    const server = await TestServer.start();
    const client = await server.plain();

    client.write('SSH-2.0-unix\n');
    await client.payload(20);

    expect(server.ssh.connections[0]?.clientVersion).toBe('SSH-2.0-unix');
  });

  it('is made printable for whoever logs it', async () => {
    const server = await TestServer.start();
    const client = await server.plain();

    client.write('SSH-2.0-\u001b[2Jx\n');
    await client.payload(20);

    expect(server.ssh.connections[0]?.clientVersion).toBe('SSH-2.0-\\u{1b}[2Jx');
  });

  it('is not waited for beyond the time to log in', async () => {
    const server = await TestServer.start({ loginGraceMs: 5000 });
    const client = await server.plain();
    await server.event('Connected');

    server.clock.advance(4999);
    expect(server.ssh.connections).toHaveLength(1);
    server.clock.advance(1);
    await client.closed;

    expect(server.of('Disconnected')).toMatchObject([
      { by: 'server', reason: 'BY_APPLICATION', description: 'the login took too long', bytesReceived: 0 },
    ]);
    // A packet would mean nothing to a client that has not said what it is.
    expect(client.text).toBe(IDENTIFICATION);
  });
});

describe('a client that closes its half', () => {
  it('before its identification is let go', async () => {
    const server = await TestServer.start();
    const client = await server.plain();

    client.socket.end();
    await client.closed;

    expect(await server.event('Disconnected')).toMatchObject({ by: 'peer' });
    expect(server.errors).toEqual([]);
  });

  it('behind its identification still gets the server’s', async () => {
    const server = await TestServer.start();
    const client = await server.plain();

    client.socket.end('SSH-2.0-short\r\n');
    await client.closed;

    expect(client.text.startsWith(IDENTIFICATION)).toBe(true);
    expect(await server.event('Disconnected')).toMatchObject({ by: 'peer' });
  });
});

describe('the patterns of clients', () => {
  it('let in whoever speaks the protocol, unless there are others', async () => {
    const server = await TestServer.start();
    for (const line of ['SSH-2.0-x\r\n', 'SSH-1.99-x\r\n']) {
      const client = await server.plain();
      client.write(line);
      await client.payload(20);
    }
    expect(server.errors).toEqual([]);
  });

  it.each([
    ['SSH-2.0-OpenSSH_9.2p1 Debian-2', true],
    ['SSH-2.0-Openssh_9.2', false],
    ['SSH-2.0-JSCH_0.1.54', false],
    ['SSH-1.99-OpenSSH_3', false],
    ['SSH-2.0-PuTTY_Release_0.78', true],
    ['SSH-2.0-PuTTY_Release_0.788', false],
  ])('decide on %s: %s', async (line, isServed) => {
    const server = await TestServer.start({ clientVersions: ['SSH-2.0-OpenSSH_*', 'SSH-2.0-PuTTY_Release_0.7?'] });
    const client = await server.plain();
    client.write(`${line}\r\n`);

    if (isServed) {
      await client.payload(20);
      expect(server.of('Disconnected')).toEqual([]);
      return;
    }
    await client.closed;
    expect(client.payloads.map(([number]) => number)).toEqual([1]);
    expect(client.payloads[0]?.readUInt32BE(1)).toBe(8);
    expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'PROTOCOL_VERSION_NOT_SUPPORTED' }]);
    expect(server.of('SSHStatus').map(({ step }) => step?.kind)).toEqual([
      'connected',
      'identified',
      'client-refused',
      'disconnected',
    ]);
  });

  it('are matched against what could be a line of a log, too', async () => {
    const server = await TestServer.start({ clientVersions: ['SSH-2.0-?'] });
    const client = await server.plain();
    client.write('SSH-2.0-\u001b\r\n');
    await client.closed;

    expect(server.of('Disconnected')).toMatchObject([{ reason: 'PROTOCOL_VERSION_NOT_SUPPORTED' }]);
  });
});

describe('the server’s identification', () => {
  it('may have a comment', async () => {
    const server = await TestServer.start({ identification: 'mine_1.0 for you-all' });
    const client = await server.connect();
    await client.exchanged();
  });
});

describe('a greeting', () => {
  it('comes before the identification, and the key exchange goes well behind it', async () => {
    const server = await TestServer.start({ greeting: 'This is ours.\nNot yours.' });
    const plain = await server.plain();
    plain.write('SSH-2.0-x\r\n');
    await server.event('Connected');
    await new Promise((resolve) => plain.socket.once('data', resolve));
    expect(plain.text.startsWith(`This is ours.\r\nNot yours.\r\n${IDENTIFICATION}`)).toBe(true);
    await server.login();
  });

  it('has 255 bytes at most, the identification included', async () => {
    const server = await TestServer.start({ greeting: () => 'x'.repeat(255 - 2 - IDENTIFICATION.length) });
    const client = await server.plain();
    client.write('nonsense\r\n');
    await client.closed;

    expect(client.text.indexOf(IDENTIFICATION) + IDENTIFICATION.length).toBe(255);
  });

  it('that is too long for its server is told of at the start', async () => {
    const greeting = 'x'.repeat(200);

    await TestServer.start({ greeting });
    await expect(TestServer.start({ greeting, identification: 'x'.repeat(44) })).rejects.toThrow(
      'createServer: greeting: a greeting of 202 bytes, line ends included; beside the identification there is room for 201',
    );
    await expect(TestServer.start({ greeting, identification: 'x'.repeat(43) })).resolves.toBeInstanceOf(TestServer);
  });

  it('may be made for each connection', async () => {
    const server = await TestServer.start({
      logLevel: 2,
      greeting: ({ id, remoteAddress }) => (id === 'c1' ? `Hello ${remoteAddress}` : undefined),
    });
    const [first, second] = [await server.plain(), await server.plain()];
    for (const client of [first, second]) {
      client.write('nonsense\r\n');
      await client.closed;
    }

    expect([first.text, second.text].toSorted()).toEqual([`Hello 127.0.0.1\r\n${IDENTIFICATION}`, IDENTIFICATION]);
    expect(server.of('Log').flatMap(({ step }) => (step?.kind === 'greeting-sent' ? step.length : []))).toEqual([17]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('boom');
      },
    ],
    ['looks like an identification', () => 'SSH-2.0-other'],
    ['is no text', () => 7 as never],
    // A rejection that nobody handles ends the run of tests, as it ends a server.
    ['is rejected', () => Promise.reject(new Error('boom')) as never],
    ['is too long', () => 'x'.repeat(255 - 2 - IDENTIFICATION.length + 1)],
  ])('that %s is told of and not sent, and the client is served', async (_name, greeting) => {
    const server = await TestServer.start({ greeting });
    const client = await server.plain();
    client.write('SSH-2.0-x\r\n');
    await client.payload(20);

    expect(client.text.startsWith(IDENTIFICATION)).toBe(true);
    expect(server.errors.map(({ error }) => [error.code, error.message.replace(/:.*/u, '')])).toEqual([
      ['ERR_SSH_HANDLER_FAILED', 'no greeting could be sent'],
    ]);
  });
});
