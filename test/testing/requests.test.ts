import { describe, expect, it } from 'vitest';

import type { SshRequest } from '../../src/index.js';
import { ChannelOpenDetail } from '../../src/protocol/messages/channel-open-detail.js';
import { ChannelRequestDetail } from '../../src/protocol/messages/channel-request-detail.js';
import { GlobalRequestDetail } from '../../src/protocol/messages/global-request-detail.js';
import {
  authRequest,
  channelOpen,
  channelRequest,
  connectionRequest,
  globalRequest,
  type RequestOrigin,
  serviceRequest,
} from '../../src/testing/index.js';
import { makeCertificate, makeWireKey } from '../support/certificates.js';

const ED25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJp0H4zqzHXoZ3mI3gJ3SZg7b5c5mQ0c5XkZ2m8Fh2mD ann@example.com';

const builders: readonly (readonly [name: string, build: (origin: RequestOrigin) => SshRequest])[] = [
  ['connectionRequest', (origin) => connectionRequest(origin)],
  ['serviceRequest', (origin) => serviceRequest('ssh-userauth', origin)],
  ['authRequest.none', (origin) => authRequest.none('ann', origin)],
  ['authRequest.password', (origin) => authRequest.password('ann', 'secret', origin)],
  ['authRequest.passwordChange', (origin) => authRequest.passwordChange('ann', 'old', 'new', origin)],
  ['authRequest.provenHost', (origin) => authRequest.provenHost('ann', ED25519, origin)],
  ['authRequest.refutedHost', (origin) => authRequest.refutedHost('ann', ED25519, origin)],
  ['authRequest.offeredKey', (origin) => authRequest.offeredKey('ann', ED25519, origin)],
  ['authRequest.provenKey', (origin) => authRequest.provenKey('ann', ED25519, origin)],
  ['authRequest.refutedKey', (origin) => authRequest.refutedKey('ann', ED25519, origin)],
  ['authRequest.keyboardInteractive', (origin) => authRequest.keyboardInteractive('ann', origin)],
  ['authRequest.keyboardInteractiveAnswer', (origin) => authRequest.keyboardInteractiveAnswer('ann', ['1'], origin)],
  ['authRequest.unknownMethod', (origin) => authRequest.unknownMethod('ann', 'gssapi-with-mic', origin)],
  ['channelOpen.session', (origin) => channelOpen.session(origin)],
  ['channelOpen.directTcpip', (origin) => channelOpen.directTcpip('db.example.com', 5432, origin)],
  ['channelOpen.directStreamlocal', (origin) => channelOpen.directStreamlocal('/run/x.sock', origin)],
  ['channelOpen.other', (origin) => channelOpen.other('chat@example.com', Buffer.of(1), origin)],
  ['channelRequest.exec', (origin) => channelRequest.exec('uptime', origin)],
  ['channelRequest.shell', (origin) => channelRequest.shell(origin)],
  ['channelRequest.subsystem', (origin) => channelRequest.subsystem('sftp', origin)],
  ['channelRequest.env', (origin) => channelRequest.env('LANG', 'C', origin)],
  ['channelRequest.pty', (origin) => channelRequest.pty({ columns: 132, ...origin })],
  ['channelRequest.windowChange', (origin) => channelRequest.windowChange({ rows: 50 }, origin)],
  ['channelRequest.signal', (origin) => channelRequest.signal('INT', origin)],
  ['channelRequest.other', (origin) => channelRequest.other('ping@example.com', Buffer.of(1), origin)],
  ['globalRequest.tcpipForward', (origin) => globalRequest.tcpipForward('localhost', 0, origin)],
  ['globalRequest.cancelTcpipForward', (origin) => globalRequest.cancelTcpipForward('localhost', 8080, origin)],
  ['globalRequest.streamlocalForward', (origin) => globalRequest.streamlocalForward('/run/x.sock', origin)],
  ['globalRequest.other', (origin) => globalRequest.other('ping@example.com', Buffer.of(1), origin)],
];

describe.each(builders)('%s', (_name, build) => {
  it('comes from where it is told to, and from one place by default', () => {
    expect(build({ from: '203.0.113.7', connection: 3 }).connection).toMatchObject({
      id: 'c3',
      remoteAddress: '203.0.113.7',
    });
    expect(build({}).connection).toEqual(connectionRequest().connection);
  });

  it('makes a new request with each call, since policies tell requests apart by identity', () => {
    expect(build({})).not.toBe(build({}));
    expect(build({})).toEqual(build({}));
  });

  it('carries data that decodes to its detail', () => {
    const request = build({});
    switch (request.type) {
      case 'SSHChannelOpenRequest':
        expect(ChannelOpenDetail.decode(request.channelType, request.data)).toEqual(request.detail);
        return;
      case 'SSHChannelRequest':
        expect(ChannelRequestDetail.decode(request.requestType, request.data)).toEqual(request.detail);
        return;
      case 'SSHGlobalRequest':
        expect(GlobalRequestDetail.decode(request.requestType, request.data)).toEqual(request.detail);
        return;
      default:
        expect(request).not.toHaveProperty('data');
    }
  });
});

describe('authRequest', () => {
  it('wraps passwords and answers', () => {
    const password = authRequest.password('ann', 'hunter2');
    const answer = authRequest.keyboardInteractiveAnswer('ann', ['123456'], { round: 2, ordinal: 4 });

    expect(JSON.stringify([password, answer])).not.toMatch(/hunter2|123456/);
    expect(password.password.expose()).toBe('hunter2');
    expect(answer).toMatchObject({ round: 2, ordinal: 4, answers: [expect.objectContaining({})] });
    expect(answer.answers.map((it) => it.expose())).toEqual(['123456']);
  });

  it('wraps the new password as well', () => {
    const change = authRequest.passwordChange('ann', 'hunter2', 'hunter3');

    expect(JSON.stringify(change)).not.toContain('hunter');
    expect(change.newPassword?.expose()).toBe('hunter3');
  });

  it('has a host vouch for the user of the same name, or for another', () => {
    expect(authRequest.provenHost('ann', ED25519)).toMatchObject({
      stage: 'proven',
      algorithm: 'ssh-ed25519',
      clientHostName: 'desk.example.com.',
      clientUserName: 'ann',
    });
    expect(authRequest.refutedHost('ann', ED25519, { hostName: 'db.', hostUser: 'bob' })).toMatchObject({
      stage: 'refuted',
      clientHostName: 'db.',
      clientUserName: 'bob',
    });
  });

  it('takes certificates of users from users, and of hosts from hosts', () => {
    const [key, authority] = [makeWireKey().blob, makeWireKey()];
    const lineOf = (type: number): string =>
      `ssh-ed25519-cert-v01@openssh.com ${makeCertificate({ key, authority, type }).toString('base64')}`;

    expect(authRequest.provenKey('ann', lineOf(1)).key.certificate).toBeDefined();
    expect(authRequest.provenHost('ann', lineOf(2)).key.certificate).toBeDefined();
    expect(() => authRequest.provenKey('ann', lineOf(2))).toThrow(expect.objectContaining({ code: 'ERR_SSH_KEY' }));
    expect(() => authRequest.provenHost('ann', lineOf(1))).toThrow(expect.objectContaining({ code: 'ERR_SSH_KEY' }));
  });

  it('reads a key as ssh-keygen shows it', () => {
    expect(authRequest.provenKey('ann', `# mine\n${ED25519}\n`)).toMatchObject({
      stage: 'proven',
      algorithm: 'ssh-ed25519',
      key: { type: 'ssh-ed25519', bits: 256, fingerprint: expect.stringMatching(/^SHA256:/) as string },
    });
    expect(authRequest.provenKey('ann', ED25519, { algorithm: 'other' }).algorithm).toBe('other');
  });

  it.each([
    ['no key', 'hello', /no key on this line/],
    ['nothing', '', /it holds 0 keys/],
    ['two keys', `${ED25519}\n${ED25519}`, /it holds 2 keys/],
  ])('refuses %s in place of a key', (_what, line, message) => {
    expect(() => authRequest.offeredKey('ann', line)).toThrow(
      expect.objectContaining({ code: 'ERR_SSH_KEY', message: expect.stringMatching(message) as string }),
    );
  });
});

describe('requests of a session', () => {
  it('belong to ann unless told otherwise', () => {
    expect(channelRequest.shell().identity).toEqual({ user: 'ann', method: 'password' });
    expect(channelOpen.session({ user: 'bob' }).identity.user).toBe('bob');
    expect(globalRequest.tcpipForward('', 0, { identity: { user: 'eve', method: 'publickey' } }).identity).toEqual({
      user: 'eve',
      method: 'publickey',
    });
  });

  it('are about one channel unless told otherwise', () => {
    expect(channelRequest.exec('a').channel).toBe(channelOpen.session().channel);
    expect(channelRequest.exec('a', { connection: 2, channel: 7 }).channel).toBe('c2.7');
  });

  it('want a reply unless the RFC has them go without, or told otherwise', () => {
    expect(channelRequest.exec('a').wantReply).toBe(true);
    expect(channelRequest.signal('INT').wantReply).toBe(false);
    expect(channelRequest.windowChange({}).wantReply).toBe(false);
    expect(channelRequest.exec('a', { wantReply: false }).wantReply).toBe(false);
    expect(globalRequest.other('x', undefined, { wantReply: false }).wantReply).toBe(false);
  });

  it('ask for an ordinary terminal', () => {
    expect(channelRequest.pty({ term: 'vt100', rows: 50 }).detail).toMatchObject({
      type: 'pty-req',
      term: 'vt100',
      columns: 80,
      rows: 50,
    });
  });
});
