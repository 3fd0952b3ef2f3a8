import { describe, expect, it, vi } from 'vitest';

import { decide, DenyReason, grantHostBased, grantPassword, type SSHUserAuthRequest } from '../../src/index.js';
import { makeWireKey } from '../support/certificates.js';
import { wireBytes } from '../support/wire-bytes.js';
import type { WireClient } from '../support/wire-client.js';
import * as send from '../support/wire-client-payloads.js';
import { TestServer } from './test-server.js';

async function readyToSignIn(server: TestServer): Promise<WireClient> {
  const client = await server.connect();
  await client.exchanged();
  client.send(send.serviceRequest());
  await client.take(6);
  return client;
}

const withName = (name: Buffer, password = 'secret'): Buffer =>
  wireBytes(50, [name.length], name, 'ssh-connection', 'password', 0, password);

describe('a name that nobody can have', () => {
  it.each([
    ['a NUL', Buffer.from('root\0.example')],
    ['the end of a line', Buffer.from('ann\nroot signed in')],
    ['a carriage return', Buffer.from('ann\r')],
    ['an escape sequence', Buffer.from('\u001B[2Jann')],
    ['a control character beyond ASCII', Buffer.from('ann\u0085')],
    ['a turn of the direction', Buffer.from('ann\u202Etoor')],
    ['a mark that cannot be seen', Buffer.from('ann\u200B')],
    ['a byte order mark', Buffer.from('\uFEFFann')],
    ['a separator of lines', Buffer.from('ann\u2028root')],
    ['Latin-1 in place of UTF-8', Buffer.from('zo\u00EB', 'latin1')],
    ['half of a character', Buffer.from([0x61, 0xc3])],
    ['a surrogate, which UTF-8 has not', Buffer.from([0xed, 0xa0, 0x80])],
    ['an overlong form', Buffer.from([0xc0, 0xaf])],
  ])('is refused with %s in it, without asking a policy and with an event', async (_what, name) => {
    const verify = vi.fn(() => true);
    const server = await TestServer.start({ handlers: [decide('SSHUserAuthRequest', grantPassword(verify))] });
    const client = await readyToSignIn(server);

    client.send(withName(name));
    const refusal = await client.take(51);

    expect(verify).not.toHaveBeenCalled();
    expect(server.of('SSHUserAuthRequest')).toHaveLength(1);
    expect(server.of('Decided').at(-1)).toMatchObject({
      outcome: 'denied',
      by: 'legal names',
      reason: DenyReason.IllegalName,
    });
    // As whoever has an ordinary name is refused, to the byte.
    verify.mockReturnValue(false);
    client.send(send.authPassword('wrong'));
    expect(await client.take(51)).toEqual(refusal);
  });

  it.each(['ann', 'Zoë', 'anna maria', 'ann@example.com', 'ann\\smith', '李雷', 'ann👩‍💻'.replace('\u200D', '')])(
    'is none of these: %s',
    async (name) => {
      const server = await TestServer.start();
      const client = await readyToSignIn(server);

      client.send(withName(Buffer.from(name)));
      await client.take(52);

      expect(server.ssh.connections[0]?.identity?.user).toBe(name);
    },
  );

  it('uses up attempts', async () => {
    const server = await TestServer.start({ limits: { maxAuthFailures: 2 } });
    const client = await readyToSignIn(server);
    client.send(withName(Buffer.from('a\0')));
    await client.take(51);
    client.send(withName(Buffer.from('a\0')));
    await client.closed;

    expect(client.goodbye?.reason).toBe(14);
  });

  it('is none of a host, nor of its user, either', async () => {
    const host = makeWireKey();
    const allow = vi.fn(() => true);
    const server = await TestServer.start({
      authMethods: ['hostbased'],
      limits: { maxAuthFailures: 99 },
      handlers: [
        decide('SSHUserAuthRequest', grantHostBased({ hosts: `* ssh-ed25519 ${host.blob.toString('base64')}`, allow })),
      ],
    });
    const client = await readyToSignIn(server);
    const vouch = (hostName: string, hostUser: string): Buffer => {
      const { sessionId } = client;
      const blob = [[host.blob.length], host.blob] as const;
      const request = send.authMethod('hostbased', 'ssh-ed25519', ...blob, hostName, hostUser);
      const signature = host.sign(wireBytes([sessionId.length], sessionId, request));
      return wireBytes(request, [signature.length], signature);
    };
    for (const { hostName, hostUser } of [
      { hostName: 'desk\0.example.com', hostUser: 'ann' },
      { hostName: 'd\u00E9sk', hostUser: 'ann' },
      { hostName: 'desk', hostUser: 'ann\u202E' },
      { hostName: 'desk', hostUser: 'a\0' },
    ]) {
      client.send(vouch(hostName, hostUser));
      await client.take(51);
    }
    expect(allow).not.toHaveBeenCalled();
    expect(
      server.of('Decided').flatMap((it) => (it.outcome === 'denied' && isAuth(it.request) ? [it.reason] : [])),
    ).toEqual([DenyReason.NoGrant, DenyReason.NoGrant, DenyReason.IllegalName, DenyReason.IllegalName]);

    client.send(vouch('desk', 'ann'));
    await client.take(52);
    expect(server.ssh.connections[0]?.identity).toMatchObject({ user: 'ann', method: 'hostbased' });
  });

  it('of a service ends the connection', async () => {
    const server = await TestServer.start();
    const client = await readyToSignIn(server);
    client.send(wireBytes(50, 'ann', 'ssh-connection\0', 'none'));
    await client.closed;

    expect(server.errors.map(({ error }) => error.code)).toEqual(['ERR_SSH_PROTOCOL']);
  });
});

const isAuth = (request: { readonly type: string }): request is SSHUserAuthRequest =>
  request.type === 'SSHUserAuthRequest';

describe('who is unknown, and who has a wrong password,', () => {
  it('hear the same, message by message, and are asked about in the same way', async () => {
    const asked: string[] = [];
    const server = await TestServer.start({
      authMethods: ['password', 'publickey', 'keyboard-interactive'],
      handlers: [
        decide(
          'SSHUserAuthRequest',
          grantPassword((user, password) => {
            asked.push(user);
            return user === 'ann' && password === 'secret';
          }),
        ),
      ],
    });
    const heard: (readonly Buffer[])[] = [];
    for (const user of ['ann', 'nobody']) {
      const client = await readyToSignIn(server);
      client.send(send.authNone(user), ...Array.from({ length: 6 }, () => send.authPassword('wrong', user)));
      await client.closed;
      heard.push(client.payloads);
      expect(client.goodbye?.reason).toBe(14);
    }

    expect(heard[0]).toEqual(heard[1]);
    expect(asked).toEqual([...Array.from({ length: 6 }, () => 'ann'), ...Array.from({ length: 6 }, () => 'nobody')]);
    const [known, unknown] = ['ann', 'nobody'].map((user) =>
      server.of('Decided').flatMap((it) => {
        if (it.outcome !== 'denied' || !isAuth(it.request) || it.request.user !== user) return [];
        const { by, source, phase, reason } = it;
        return [{ by, source, phase, reason, method: it.request.method }];
      }),
    );
    expect(known).toEqual(unknown);
    expect(known).toHaveLength(7);
  });
});

describe('extensions that a client announces', () => {
  it('change nothing: what EXT_INFO could say of a user later is the same for everybody', async () => {
    const server = await TestServer.start();
    const client = await server.connect();
    await client.exchanged();
    client.send(wireBytes(7, [1], 'ext-info-in-auth@openssh.com', '0'), send.serviceRequest());
    await client.take(6);
    client.send(send.authNone(), send.authPassword('secret'));
    await client.take(52);

    expect(client.payloads.map(([number]) => number)).toEqual([6, 51, 52]);
  });
});
