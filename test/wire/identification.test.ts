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
