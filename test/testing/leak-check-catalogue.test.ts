import { delay, lastValueFrom, NEVER, of } from 'rxjs';
import { describe, expect, it } from 'vitest';

import {
  acceptEnvironment,
  allOf,
  allowCommands,
  allowFrom,
  allowUsers,
  anyOf,
  approval,
  banAfter,
  bandwidth,
  decide,
  decideEach,
  denyCommands,
  denyFrom,
  denyUsers,
  denyWhen,
  during,
  exec,
  expireWith,
  forSources,
  forUsers,
  forwardFrom,
  forwardTo,
  grantCertificate,
  grantHashedPassword,
  grantHostBased,
  grantKeyboardInteractive,
  grantPassword,
  grantPublicKey,
  grantWhen,
  idleTimeout,
  leaseEach,
  loginGrace,
  maxAuthAttempts,
  maxChannels,
  maxCommands,
  maxConnections,
  maxPerSource,
  maxPerUser,
  maxStartups,
  named,
  type PasswordHasher,
  PasswordHashing,
  penalties,
  quota,
  rateLimit,
  requireMethods,
  revokedBy,
  revokedKeys,
  routeChannels,
  routeCommands,
  routeShell,
  routeSubsystems,
  type ServeChannel,
  sessionLimit,
  shadow,
  shell,
  takeOver,
  tarpit,
  uniformDelay,
  when,
} from '../../src/index.js';
import {
  act,
  authRequest,
  channelOpen,
  channelRequest,
  fakeDirectory,
  globalRequest,
  leakCheck,
  type PolicyLists,
  simulate,
  testKey,
} from '../../src/testing/index.js';
import { CATALOGUE } from '../handlers/policies/catalogue.js';

const HOUR_MS = 3_600_000;

const isRight = (_user: string, password: string): boolean => password === 'right';
const laptop = testKey('ann laptop');

/** What a client does in a full life: it fails to sign in, signs in, runs a command and a shell, forwards. */
const LIFE = 'cwkprsvxsthdfu';

/** Policies that need other questions, since an answer to what nobody has asked is never answered. */
const LIVES: Readonly<Record<string, string>> = {
  grantHostBased: 'cwmrsvxsthdfu',
  grantKeyboardInteractive: 'cwkqaqrsvxsthdfu',
};

/** Policies that route what services stand for otherwise. */
const ROUTED: ReadonlySet<string> = new Set(['routeCommands', 'routeShell']);

const STEPS = {
  w: authRequest.password('ann', 'wrong'),
  k: authRequest.offeredKey('ann', testKey('another')),
  p: authRequest.offeredKey('ann', laptop),
  q: authRequest.keyboardInteractive('ann'),
  a: authRequest.keyboardInteractiveAnswer('ann', ['6']),
  m: authRequest.provenHost('ann', laptop),
  r: authRequest.password('ann', 'right'),
  v: channelRequest.env('LANG', 'C'),
  x: channelRequest.exec('hello'),
  t: channelRequest.pty(),
  h: channelRequest.shell(),
  d: channelOpen.directTcpip('10.0.0.1', 80),
  f: globalRequest.tcpipForward('localhost', 8080),
  u: act.onChannel(2, act.data('bye\r')),
  z: act.atOnce(act.reset()),
};

/** It says goodbye, or the network fails, whatever is under way. */
const ENDINGS = ['|', 'z'];

const SERVICES = [
  exec('hello', () => 'hello\n'),
  shell(async (session) => {
    for await (const line of session.lines) await session.write(`${line}\n`);
    return 0;
  }),
];

const serve: ServeChannel = (channel) => {
  channel.close();
};

/** Answers a while after it was asked, so that clients go while it thinks. */
const later = <T>(value: T) => of(value).pipe(delay(3));

/** Takes a while to verify, in virtual time, so that clients wait for their turn and go meanwhile. */
const slowHasher: PasswordHasher = {
  prefixes: ['$slow$'],
  decoy: '$slow$\0',
  verify: (hash, password) => lastValueFrom(later(hash === `$slow$${password}`)),
};

const directory = fakeDirectory({ ann: { password: 'right', keys: [laptop] } }, { latencyMs: 2 });

/** Each policy of the catalogue, at work. */
const TABLE: Readonly<Record<string, () => PolicyLists>> = {
  acceptEnvironment: () => ({ SSHChannelRequest: [acceptEnvironment(['LANG'])] }),
  allOf: () => ({
    SSHUserAuthRequest: [
      allOf(
        grantPassword(directory.verifyPassword),
        grantWhen(() => later(true)),
      ),
    ],
  }),
  allowCommands: () => ({ SSHChannelRequest: [allowCommands(['hello'])] }),
  allowFrom: () => ({ ConnectionRequest: [allowFrom(['192.0.2.0/24'])] }),
  allowUsers: () => ({ SSHUserAuthRequest: [allowUsers(['ann'])] }),
  anyOf: () => ({
    SSHUserAuthRequest: [anyOf(grantPassword(directory.verifyPassword), grantPublicKey(directory.keysOf))],
  }),
  approval: () => ({
    SSHChannelOpenRequest: [approval({ ask: () => later({ approved: true, by: 'carol' }), grants: true })],
  }),
  banAfter: () => ({ ConnectionRequest: [banAfter({ failures: 50, windowMs: HOUR_MS, banMs: HOUR_MS })] }),
  bandwidth: () => ({ SSHUserAuthRequest: [bandwidth({ sendBytesPerSecond: 10_000, receiveBytesPerSecond: 10_000 })] }),
  decideEach: () => ({ SSHUserAuthRequest: [decideEach('slow', (verdict) => later(verdict))] }),
  denyCommands: () => ({ SSHChannelRequest: [denyCommands(['reboot'])] }),
  denyFrom: () => ({ ConnectionRequest: [denyFrom(['198.51.100.0/24'])] }),
  denyUsers: () => ({ SSHUserAuthRequest: [denyUsers(['bob'])] }),
  denyWhen: () => ({ SSHChannelOpenRequest: [denyWhen(() => later(false))] }),
  during: () => ({ SSHUserAuthRequest: [during(['thu 00:00-12:00'])] }),
  expireWith: () => ({ SSHUserAuthRequest: [expireWith(() => new Date('2026-01-01T01:00:00Z'))] }),
  forSources: () => ({ ConnectionRequest: [forSources(['192.0.2.0/24'], loginGrace({ graceMs: HOUR_MS }))] }),
  forUsers: () => ({ SSHUserAuthRequest: [forUsers(['ann'], sessionLimit({ limitMs: HOUR_MS }))] }),
  forwardFrom: () => ({ SSHGlobalRequest: [forwardFrom([{ addresses: ['localhost'], ports: [8080] }])] }),
  forwardTo: () => ({ SSHChannelOpenRequest: [forwardTo([{ hosts: ['10.0.0.0/8'] }])] }),
  grantHostBased: () => ({
    SSHUserAuthRequest: [
      grantHostBased({ hosts: () => later(`desk.example.com ${laptop}`), allow: ({ length }) => later(length === 1) }),
    ],
  }),
  grantKeyboardInteractive: () => ({
    SSHUserAuthRequest: [
      grantKeyboardInteractive({ prompts: [{ text: '3 by 3? ' }], verify: (_user, [answer]) => later(answer === '9') }),
    ],
  }),
  grantCertificate: () => ({
    SSHUserAuthRequest: [
      grantCertificate({ authorities: testKey('authority'), principalsOf: (user) => later([user]) }),
    ],
  }),
  grantHashedPassword: () => ({
    SSHUserAuthRequest: [
      grantHashedPassword({
        hashOf: (user) => later(user === 'ann' ? '$slow$right' : undefined),
        hashing: new PasswordHashing({ hashers: [slowHasher], maxConcurrent: 1 }),
      }),
    ],
  }),
  grantPassword: () => ({ SSHUserAuthRequest: [grantPassword(directory.verifyPassword)] }),
  grantPublicKey: () => ({ SSHUserAuthRequest: [grantPublicKey(directory.keysOf)] }),
  grantWhen: () => ({ SSHGlobalRequest: [grantWhen(() => later(true))] }),
  idleTimeout: () => ({
    SSHUserAuthRequest: [idleTimeout({ idleMs: HOUR_MS })],
    SSHChannelRequest: [idleTimeout({ idleMs: HOUR_MS })],
  }),
  leaseEach: () => ({ SSHUserAuthRequest: [leaseEach('watch', () => NEVER)] }),
  loginGrace: () => ({ ConnectionRequest: [loginGrace({ graceMs: HOUR_MS })] }),
  maxAuthAttempts: () => ({ SSHUserAuthRequest: [maxAuthAttempts(5)] }),
  maxChannels: () => ({ SSHChannelOpenRequest: [maxChannels(1)] }),
  maxCommands: () => ({
    SSHChannelRequest: [maxCommands(9, { per: 'connection' }), maxCommands(999, { per: 'user', windowMs: HOUR_MS })],
  }),
  maxConnections: () => ({ ConnectionRequest: [maxConnections(99)] }),
  maxPerSource: () => ({ ConnectionRequest: [maxPerSource(99)] }),
  maxPerUser: () => ({
    SSHUserAuthRequest: [maxPerUser(99, { scope: 'connections' })],
    SSHChannelOpenRequest: [maxPerUser(99, { scope: 'channels' })],
  }),
  maxStartups: () => ({ ConnectionRequest: [maxStartups('99')] }),
  named: () => ({ SSHUserAuthRequest: [named('the desk', grantPassword(directory.verifyPassword))] }),
  penalties: () => ({ ConnectionRequest: [penalties()] }),
  quota: () => ({ SSHChannelRequest: [quota({ commands: 999, bytes: 10 ** 9, windowMs: HOUR_MS })] }),
  rateLimit: () => ({
    SSHUserAuthRequest: [rateLimit({ limit: 999, windowMs: HOUR_MS, keyOf: ({ user }) => user })],
  }),
  requireMethods: () => ({
    SSHUserAuthRequest: [requireMethods(({ user }) => (user === 'ann' ? 'password' : 'totp'))],
  }),
  revokedBy: () => ({ SSHUserAuthRequest: [revokedBy(directory.disabled())] }),
  revokedKeys: () => ({ SSHUserAuthRequest: [revokedKeys(testKey('stolen'))] }),
  routeChannels: () => ({ SSHChannelOpenRequest: [routeChannels({ 'direct-tcpip': serve })] }),
  routeCommands: () => ({ SSHChannelRequest: [routeCommands({ hello: serve })] }),
  routeShell: () => ({ SSHChannelRequest: [routeShell(serve)] }),
  routeSubsystems: () => ({ SSHChannelRequest: [routeSubsystems({ sftp: serve })] }),
  sessionLimit: () => ({ SSHUserAuthRequest: [sessionLimit({ limitMs: HOUR_MS, warnBeforeMs: 1000 })] }),
  shadow: () => ({ SSHUserAuthRequest: [shadow(grantWhen(() => later(true)))] }),
  takeOver: () => ({ SSHUserAuthRequest: [takeOver()] }),
  tarpit: () => ({ SSHUserAuthRequest: [tarpit({ delayMs: 3 })] }),
  uniformDelay: () => ({
    SSHUserAuthRequest: [uniformDelay(grantPassword(directory.verifyPassword), { floorMs: 3 })],
  }),
  when: () => ({ SSHUserAuthRequest: [when(() => true, sessionLimit({ limitMs: HOUR_MS }))] }),
};

it('the table has every policy that the package exports, and nothing else', () => {
  expect(Object.keys(TABLE).sort()).toEqual(CATALOGUE);
});

describe.each(Object.entries(TABLE))('%s', (name, policies) => {
  const life = LIVES[name] ?? LIFE;

  it('keeps nothing of a connection, whenever and however it ends', async () => {
    await using simulation = await simulate({
      policies: policies(),
      authMethods: ['publickey', 'password', 'keyboard-interactive', 'hostbased'],
      limits: { maxAuthFailures: 99 },
      admission: { maxPerSource: 99 },
      handlers: [decide('SSHUserAuthRequest', grantPassword(isRight)), ...(ROUTED.has(name) ? [] : SERVICES)],
    });
    let hosts = 0;
    const live = async (): Promise<number> => {
      const clients = ENDINGS.flatMap((ending) =>
        Array.from(life, (_step, index) => {
          hosts += 1;
          return simulation.client(`192.0.2.${String(hosts)}`, `${life.slice(0, index + 1)}${ending}`, STEPS);
        }),
      );
      await simulation.run('1s');
      return clients.filter(({ outcomes }) => outcomes.some(({ outcome }) => outcome === 'granted')).length;
    };
    // What a policy sets up once for the server is set up when it is first asked.
    await live();

    // So that every kind of request was decided, not only refused.
    expect(await leakCheck(simulation, live)).toBeGreaterThan(2);
  });
});
