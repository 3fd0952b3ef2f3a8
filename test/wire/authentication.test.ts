import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

import { describe, expect, it } from 'vitest';
import { map } from 'rxjs';

import {
  acceptOffer,
  decide,
  deny,
  DenyReason,
  grant,
  grantPassword,
  type SSHUserAuthRequest,
} from '../../src/index.js';
import { deferred } from '../support/deferred.js';
import type { WireClient } from '../support/wire-client.js';
import * as send from '../support/wire-client-payloads.js';
import { wireBytes } from '../support/wire-bytes.js';
import { passwordSecret, TestServer } from './test-server.js';

interface ClientKey {
  readonly privateKey: KeyObject;
  readonly blob: Buffer;
}

function newKey(): ClientKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  return { privateKey, blob: wireBytes('ssh-ed25519', [raw.length], raw) };
}

const authorised = newKey();
const stranger = newKey();

/** Accepts offers of the authorised key, and proof of it. */
const oneKey = decide(
  'SSHUserAuthRequest',
  map((verdict) => {
    const { request } = verdict;
    if (request.method !== 'publickey' || request.user !== 'ann') return verdict;
    if (!authorised.blob.equals(request.key.blob)) return deny(verdict, 'oneKey', DenyReason.KeyNotAccepted);
    if (request.stage === 'offered') return acceptOffer(verdict, request, 'oneKey');
    return request.stage === 'proven' ? grant<SSHUserAuthRequest>(verdict, request, 'oneKey') : verdict;
  }),
);

interface Forgery {
  readonly user?: string;
  /** The user that the signature is for. */
  readonly signedUser?: string;
  readonly sessionId?: Buffer;
  readonly key?: ClientKey;
  /** The key that signs. */
  readonly signer?: ClientKey;
  readonly algorithm?: string;
  readonly signatureAlgorithm?: string;
  readonly signedAlgorithm?: string;
  readonly service?: string;
  readonly tamper?: (signature: Buffer) => Buffer;
}

/** A `publickey` request with a signature (RFC 4252 section 7), right but for what `forgery` says. */
function signedRequest(client: WireClient, forgery: Forgery = {}): Buffer {
  const { user = 'ann', key = authorised, algorithm = 'ssh-ed25519', service = 'ssh-connection' } = forgery;
  const { signer = key, sessionId = client.sessionId, signedUser = user } = forgery;
  const { signatureAlgorithm = algorithm, signedAlgorithm = algorithm, tamper = (it: Buffer) => it } = forgery;
  const { blob } = key;
  const fields = (userName: string, serviceName: string, name: string): Buffer =>
    wireBytes(50, userName, serviceName, 'publickey', 1, name, [blob.length], blob);
  const signed = wireBytes([sessionId.length], sessionId, fields(signedUser, service, signedAlgorithm));
  const raw = tamper(sign(null, signed, signer.privateKey));
  const signature = wireBytes(signatureAlgorithm, [raw.length], raw);
  return wireBytes(fields(user, 'ssh-connection', algorithm), [signature.length], signature);
}

const keyQuery = (blob: Buffer, algorithm = 'ssh-ed25519'): Buffer =>
  send.authMethod('publickey', 0, algorithm, [blob.length], blob);

async function readyToSignIn(server: TestServer): Promise<WireClient> {
  const client = await server.connect();
  await client.exchanged();
  client.send(send.serviceRequest());
  await client.take(6);
  return client;
}

describe('before authentication', () => {
  it.each([
    ['a global request', send.globalRequest('early@test', true)],
    ['a channel', send.channelOpen()],
    ['data', send.channelData(0, 'x')],
    ['a channel request', send.exec(0, 'id')],
    ['an answer to a global request', Buffer.of(81)],
    ['message 127', Buffer.of(127)],
  ])('%s ends the connection without an answer', async (_what, payload) => {
    const server = await TestServer.start();
    for (const withService of [false, true]) {
      const client = withService ? await readyToSignIn(server) : await server.connect();
      await client.exchanged();

      client.send(payload);
      await client.closed;

      expect(client.goodbye?.reason).toBe(2);
      expect(client.payloads.every((it) => (it[0] ?? 0) < 80)).toBe(true);
    }
    expect(server.of('SSHChannelOpenRequest')).toEqual([]);
    expect(server.of('SSHGlobalRequest')).toEqual([]);
  });

  it('a login without the service ends the connection', async () => {
    const server = await TestServer.start();
    const client = await server.connect();
    await client.exchanged();

    client.send(send.authPassword('secret'));
    await client.closed;

    expect(server.of('SSHUserAuthRequest')).toEqual([]);
    expect(client.goodbye?.reason).toBe(2);
  });

  it.each(['ssh-connection', 'ssh-nonsense', ''])('the service %j is not available', async (name) => {
    const server = await TestServer.start();
    const client = await server.connect();
    await client.exchanged();

    client.send(send.serviceRequest(name));
    await client.closed;

    expect(client.goodbye?.reason).toBe(7);
  });

  it('a login for another service is refused', async () => {
    const server = await TestServer.start();
    const client = await readyToSignIn(server);

    client.send(wireBytes(50, 'ann', 'ssh-other', 'password', 0, 'secret'));
    await client.closed;

    expect(client.goodbye?.reason).toBe(7);
    expect(server.of('SSHUserAuthRequest')).toEqual([]);
  });

  it('a client that idles after the key exchange runs out of time', async () => {
    const server = await TestServer.start();
    const client = await server.connect();
    await client.exchanged();
    await server.event('SSHStatus', ({ message }) => message.startsWith('keys exchanged'));

    server.clock.advance(60_000);
    await client.closed;

    expect(client.goodbye).toEqual({ reason: 11, description: 'the login took too long' });
  });

  it('the time runs on while a decision is pending, and ends with the login', async () => {
    const server = await TestServer.start({
      handlers: [
        decide(
          'SSHUserAuthRequest',
          grantPassword(() => new Promise<never>(() => undefined)),
        ),
      ],
    });
    const client = await readyToSignIn(server);
    client.send(send.authPassword('secret'));
    await server.event('SSHUserAuthRequest');

    server.clock.advance(29_999);
    expect(client.payloads.map((payload) => payload[0])).toEqual([6]);
    server.clock.advance(30_001);
    await client.closed;

    expect(client.goodbye?.description).toBe('the login took too long');

    const quick = await TestServer.start();
    const inTime = await quick.login();
    expect(quick.clock.pending).toBe(0);
    quick.clock.advance(1_000_000);
    await inTime.sync();
  });
});

describe('tries', () => {
  it('the sixth failure ends the connection', async () => {
    const server = await TestServer.start();
    const client = await readyToSignIn(server);

    for (let count = 1; count < 6; count += 1) {
      client.send(send.authPassword(`guess ${String(count)}`));
      await client.take(51);
    }
    client.send(send.authPassword('guess 6'));
    await client.closed;

    expect(client.goodbye?.reason).toBe(14);
    expect(server.of('SSHUserAuthRequest').map(({ ordinal }) => ordinal)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(server.of('Decided').filter(({ outcome }) => outcome === 'denied')).toHaveLength(6);
  });

  it('questions are not failures, but not without end', async () => {
    const server = await TestServer.start({ limits: { maxAuthRequests: 20 } });
    const client = await readyToSignIn(server);

    for (let count = 0; count < 10; count += 1) {
      client.send(send.authNone(), keyQuery(stranger.blob));
      await client.take(51);
      await client.take(51);
    }
    client.send(send.authNone());
    await client.closed;

    expect(client.goodbye?.reason).toBe(14);
  });

  it('nothing is decided after the failure that ends the connection, however much was sent ahead', async () => {
    const decisions = Array.from({ length: 8 }, () => deferred<boolean>());
    let asked = 0;
    const server = await TestServer.start({
      limits: { maxAuthFailures: 3 },
      handlers: [
        decide(
          'SSHUserAuthRequest',
          grantPassword(() => decisions[asked++]?.promise ?? false),
        ),
      ],
    });
    const client = await readyToSignIn(server);
    client.send(...Array.from({ length: 8 }, (_, index) => send.authPassword(`guess ${String(index)}`)));
    await server.event('SSHUserAuthRequest');

    for (const { resolve } of decisions) resolve(false);
    await client.closed;

    expect(asked).toBe(3);
    expect(server.of('SSHUserAuthRequest')).toHaveLength(3);
    expect(server.events.at(-1)?.type).toBe('Disconnected');
  });

  it('a ninth request sent ahead of its answers ends the connection', async () => {
    const server = await TestServer.start({
      handlers: [
        decide(
          'SSHUserAuthRequest',
          grantPassword(() => new Promise<never>(() => undefined)),
        ),
      ],
    });
    const client = await readyToSignIn(server);

    client.send(...Array.from({ length: 10 }, () => send.authPassword('x')));
    await client.closed;

    expect(client.goodbye?.reason).toBe(2);
  });

  it('requests sent ahead are answered one by one, in order', async () => {
    const server = await TestServer.start();
    const client = await readyToSignIn(server);

    client.send(send.authNone(), send.authPassword('wrong'), send.authPassword('secret'), send.authPassword('late'));
    await client.take(52);
    await client.sync();

    expect(client.payloads.map((payload) => payload[0])).toEqual([6, 51, 51, 52, 82]);
    expect(server.of('SSHUserAuthRequest').map(({ method }) => method)).toEqual(['none', 'password', 'password']);
  });

  it.each([
    ['an unknown method', send.authMethod('telepathy', 'hm')],
    ['host-based', send.authMethod('hostbased', 'ssh-ed25519', '', 'host', 'user', '')],
    ['a malformed password', wireBytes(50, 'ann', 'ssh-connection', 'password', 0, [900])],
    ['a change of password', send.authMethod('password', 1, 'old', 'new')],
  ])('%s fails and counts', async (_what, payload) => {
    const server = await TestServer.start({ limits: { maxAuthFailures: 2 } });
    const client = await readyToSignIn(server);

    client.send(payload);
    expect((await client.take(51)).toString('latin1', 5, 23)).toBe('publickey,password');
    client.send(payload);
    await client.closed;

    expect(client.goodbye?.reason).toBe(14);
  });

  it.each([
    ['a request cut short', wireBytes(50, 'ann')],
    ['an answer to questions nobody asked', wireBytes(61, [1], 'yes')],
    ['a name of 2,000 characters', send.authNone('x'.repeat(2000))],
  ])('%s ends the connection', async (_what, payload) => {
    const server = await TestServer.start();
    const client = await readyToSignIn(server);

    client.send(payload);
    await client.closed;

    expect(server.errors.map(({ error }) => error.code)).toEqual(['ERR_SSH_PROTOCOL']);
  });

  it('after success are ignored', async () => {
    const server = await TestServer.start();
    const client = await server.login();

    client.send(send.authPassword('secret'), send.authPassword('wrong', 'root'), wireBytes(61, [0]));
    await client.sync();

    expect(client.payloads.map((payload) => payload[0])).toEqual([6, 52, 82]);
    expect(server.of('SSHUserAuthRequest')).toHaveLength(1);
    expect(server.ssh.connections[0]?.identity).toEqual({ user: 'ann', method: 'password' });
  });
});

describe('public keys', () => {
  it('a proven key signs in', async () => {
    const server = await TestServer.start({ handlers: [oneKey] });
    const client = await readyToSignIn(server);

    client.send(keyQuery(authorised.blob));
    expect(await client.take(60)).toEqual(wireBytes(60, 'ssh-ed25519', [authorised.blob.length], authorised.blob));
    client.send(signedRequest(client));
    await client.take(52);

    expect(server.of('SSHUserAuthRequest')).toMatchObject([{ stage: 'offered' }, { stage: 'proven' }]);
    expect(server.ssh.connections[0]?.identity).toMatchObject({ user: 'ann', method: 'publickey' });
    await client.sync();
  });

  it('a key that can only sign in a way that the server does not accept is like an unknown one', async () => {
    const server = await TestServer.start({
      handlers: [oneKey],
      algorithms: { publicKeySignatures: ['rsa-sha2-512', 'ecdsa-sha2-nistp256'] },
    });
    const client = await readyToSignIn(server);

    client.send(keyQuery(authorised.blob), signedRequest(client));
    await client.take(51);
    await client.take(51);

    expect(server.of('SSHUserAuthRequest').map(({ method }) => method)).toEqual(['other', 'other']);
    expect(server.ssh.connections[0]?.identity).toBeUndefined();
  });

  it('a query gives nothing, however often', async () => {
    const server = await TestServer.start({ handlers: [oneKey] });
    const client = await readyToSignIn(server);

    for (let count = 0; count < 5; count += 1) {
      client.send(keyQuery(authorised.blob));
      await client.take(60);
    }
    client.send(send.channelOpen());
    await client.closed;

    expect(client.goodbye?.reason).toBe(2);
    expect(server.of('SSHChannelOpenRequest')).toEqual([]);
  });

  it('a query that a policy wrongly grants gives nothing either', async () => {
    const careless = decide(
      'SSHUserAuthRequest',
      map((verdict) => ({ state: 'granted', request: verdict.request, leases: [], by: 'careless' })),
    );
    const server = await TestServer.start({ handlers: [careless] });

    for (const payload of [
      keyQuery(stranger.blob),
      send.authMethod('keyboard-interactive', '', ''),
      send.authMethod('x'),
    ]) {
      const client = await readyToSignIn(server);
      client.send(payload);
      await client.take(51, 60);
      expect(server.ssh.connections[0]?.identity).toBeUndefined();
      client.send(send.channelOpen());
      await client.closed;
      expect(client.payloads.map((it) => it[0])).not.toContain(52);
    }
  });

  const forgeries: readonly (readonly [string, (client: WireClient) => Forgery])[] = [
    ['signed with another key', () => ({ signer: stranger })],
    ['signed for another session', () => ({ sessionId: Buffer.alloc(32, 7) })],
    ['signed for another user', () => ({ signedUser: 'bob' })],
    ['signed for another service', () => ({ service: 'ssh-other' })],
    ['with another algorithm around the signature', () => ({ signatureAlgorithm: 'rsa-sha2-512' })],
    ['with another algorithm in the request', () => ({ algorithm: 'rsa-sha2-512', signatureAlgorithm: 'ssh-ed25519' })],
    ['with another algorithm in what was signed', () => ({ signedAlgorithm: 'rsa-sha2-512' })],
    ['by a key that is not authorised', () => ({ key: stranger })],
    ['one bit off', () => ({ tamper: (it) => (it.writeUInt8(it.readUInt8(9) ^ 4, 9), it) })],
    ['cut short', () => ({ tamper: (it) => it.subarray(0, 63) })],
    ['with bytes behind it', () => ({ tamper: (it) => Buffer.concat([it, Buffer.of(0)]) })],
    ['that is empty', () => ({ tamper: () => Buffer.alloc(0) })],
  ];

  it.each(forgeries)('a signature %s is refused', async (_how, forge) => {
    const server = await TestServer.start({ handlers: [oneKey] });
    const client = await readyToSignIn(server);
    // What a query has established must not help.
    client.send(keyQuery(authorised.blob));
    await client.take(60);

    client.send(signedRequest(client, forge(client)));
    await client.take(51);

    expect(server.of('Decided').at(-1)).toMatchObject({ outcome: 'denied' });
    expect(server.ssh.connections[0]?.identity).toBeUndefined();
    client.send(send.channelOpen());
    await client.closed;
    expect(server.of('SSHChannelOpenRequest')).toEqual([]);
  });

  it('a signature of an earlier connection is refused', async () => {
    const server = await TestServer.start({ handlers: [oneKey] });
    const first = await readyToSignIn(server);
    const recorded = signedRequest(first);
    first.send(recorded);
    await first.take(52);

    const second = await readyToSignIn(server);
    second.send(recorded);
    await second.take(51);
  });

  it('a signature made before a re-exchange is still good, since the session is the same', async () => {
    const server = await TestServer.start({ handlers: [oneKey] });
    const client = await readyToSignIn(server);
    const recorded = signedRequest(client);
    client.rekey();
    await client.exchanged(2);

    client.send(recorded);
    await client.take(52);
  });

  it('bad signatures count as failures', async () => {
    const server = await TestServer.start({ handlers: [oneKey] });
    const client = await readyToSignIn(server);

    for (let count = 1; count < 6; count += 1) {
      client.send(signedRequest(client, { signer: stranger }));
      await client.take(51);
    }
    client.send(signedRequest(client, { signer: stranger }));
    await client.closed;

    expect(client.goodbye?.reason).toBe(14);
  });
});

describe('the number of connections', () => {
  it('counts a login once, whatever was sent ahead of it', async () => {
    const server = await TestServer.start({
      admission: { maxStartups: 1 },
      handlers: [
        decide(
          'SSHUserAuthRequest',
          grantPassword(async (_user, password) => password === 'secret'),
        ),
      ],
    });
    for (let count = 0; count < 3; count += 1) {
      const client = await readyToSignIn(server);
      client.send(send.authPassword('wrong'), send.authPassword('secret'), send.authPassword('secret'));
      await client.take(52);
    }

    const waiting = await server.connect();
    await waiting.exchanged();
    const refused = await server.connect();
    await refused.closed;

    expect(refused.exchanges).toBe(0);
    expect(server.of('Decided').at(-1)).toMatchObject({ outcome: 'denied', by: 'admission', reason: 'limit-reached' });
    waiting.destroy();
    await server.event('Disconnected');
    await server.servesTheNext();
  });

  it('is limited from one address while nobody has signed in, and free again afterwards', async () => {
    const server = await TestServer.start({ admission: { maxPerSource: 3 }, handlers: [passwordSecret] });
    const idle = await Promise.all([server.connect(), server.connect(), server.connect()]);
    await Promise.all(idle.map((client) => client.exchanged()));

    const refused = await server.connect();
    await refused.closed;
    expect(server.of('Connected')).toHaveLength(3);
    // Somebody who was never let in has not been connected either.
    expect(server.of('Disconnected')).toEqual([]);

    await idle[0].login();
    await server.servesTheNext();
  });
});
