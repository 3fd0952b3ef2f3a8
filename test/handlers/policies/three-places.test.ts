import { NEVER } from 'rxjs';
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
  type CounterStore,
  decideEach,
  deny,
  denyCommands,
  denyFrom,
  DenyReason,
  denyUsers,
  denyWhen,
  during,
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
  hashPassword,
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
  penalties,
  type Policy,
  quota,
  rateLimit,
  revokedBy,
  requireMethods,
  revokedKeys,
  routeChannels,
  routeCommands,
  routeShell,
  routeSubsystems,
  type ServeChannel,
  sessionLimit,
  shadow,
  type SshRequest,
  type SshRequests,
  type SshRequestType,
  type SSHUserAuthRequest,
  takeOver,
  tarpit,
  uniformDelay,
  when,
} from '../../../src/index.js';
import {
  authRequest,
  channelOpen,
  channelRequest,
  connectionRequest,
  globalRequest,
  serviceRequest,
} from '../../../src/testing/index.js';
import { makeCertificate, makeWireKey } from '../../support/certificates.js';
import { PASSWORD } from './acting-client.js';
import { CATALOGUE } from './catalogue.js';
import { type ClientKey, makeClientKey } from './client-keys.js';
import { hurriedClock } from './hurried-clock.js';
import { authKeyOf, lineOf } from './keys.js';
import { declined, denied, granted, open, type PolicyOutcome, requiring } from './policy-outcome.js';
import { outcomesInMethod, outcomesInPipe, outcomesInPlugin, type PolicyTrial } from './policy-places.js';
import { virtualTime } from './virtual-time.js';

const HOUR_MS = 3_600_000;

/** A request and what is to become of it. */
type Question<Type extends SshRequestType> = readonly [request: SshRequests[Type], outcome: PolicyOutcome];

/** What one policy has to do in each place. */
interface Row {
  readonly policy: string;
  readonly type: SshRequestType;
  readonly expected: readonly PolicyOutcome[];
  readonly inPipe: () => Promise<readonly PolicyOutcome[]>;
  readonly inMethod: () => Promise<readonly PolicyOutcome[]>;
  readonly inPlugin: () => Promise<readonly PolicyOutcome[]>;
}

/** Puts `policy` to questions of one type, in the order given, and once in each place. */
function row<Type extends SshRequestType>(
  policy: string,
  type: Type,
  make: () => Policy<SshRequests[Type]>,
  ...questions: readonly Question<Type>[]
): Row {
  const trial: PolicyTrial<Type> = {
    type,
    make,
    requests: questions.map(([request]) => request),
    keys: [own, other, certified],
  };
  return {
    policy,
    type,
    expected: questions.map(([, outcome]) => outcome),
    inPipe: () => outcomesInPipe(trial),
    inMethod: () => outcomesInMethod(trial),
    inPlugin: () => outcomesInPlugin(trial),
  };
}

const own = makeClientKey();
const other = makeClientKey();
const authority = makeWireKey();
const PERMITS = {
  'permit-pty': true,
  'permit-port-forwarding': true,
  'permit-agent-forwarding': true,
  'permit-X11-forwarding': true,
} as const;
const certified: ClientKey = {
  ...own,
  key: authKeyOf(makeCertificate({ key: Buffer.from(own.key.blob), authority, extensions: PERMITS })),
};

const here = connectionRequest();
const there = connectionRequest({ from: '198.51.100.1', connection: 2 });
const neighbour = connectionRequest({ connection: 2 });

/** `request`, on the connection of {@link here}. */
const same = <R extends SshRequest>(request: R): R => ({ ...request, connection: here.connection });

const noPassword = same(authRequest.none('ann'));
const wrongPassword = same(authRequest.password('ann', 'wrong'));
const rightPassword = same(authRequest.password('ann', PASSWORD));
const stalePassword = same(authRequest.password('ann', 'stale'));
const bob = authRequest.password('bob', 'wrong', { connection: 2 });

const offeredKey = { ...same(authRequest.offeredKey('ann', lineOf(own.key))), key: own.key };
const offeredOtherKey = { ...offeredKey, key: other.key };
const provenKey = { ...same(authRequest.provenKey('ann', lineOf(own.key))), key: own.key };

const provenHost = { ...same(authRequest.provenHost('ann', lineOf(own.key))), key: own.key };

const certifiedKey = { ...provenKey, algorithm: certified.key.type, key: certified.key };
const offeredCertifiedKey = { ...offeredKey, algorithm: certified.key.type, key: certified.key };

const session = same(channelOpen.session());
const nextSession = same(channelOpen.session());
const nearby = same(channelOpen.directTcpip('10.0.0.1', 80));
const faraway = same(channelOpen.directTcpip('198.51.100.9', 80));

const date = same(channelRequest.exec('date'));
const dateAgain = same(channelRequest.exec('date'));
const reboot = same(channelRequest.exec('reboot'));
const language = same(channelRequest.env('LANG', 'C'));

const passwordHash = await hashPassword(PASSWORD, { ln: 4 });
const isPassword = (_user: string, text: string): boolean => text === PASSWORD;
const isBob = ({ user }: SSHUserAuthRequest): boolean => user === 'bob';
const grants = <R>(): Policy<R> => grantWhen(() => true, { name: 'yes' });
const denies = <R>(): Policy<R> => denyWhen(() => true, { name: 'no' });
const deniedByInner = denied('no', DenyReason.NotPermitted);

const serve: ServeChannel = (channel) => {
  channel.close();
};

/** Where everybody is banned already. */
const BANS: CounterStore = {
  hit: () => ({ allowed: true, count: 1 }),
  extend: () => HOUR_MS,
  clear: () => undefined,
};

/** Virtual time begins on a Thursday, at midnight. */
const midnight = virtualTime().clock;

const TABLE: readonly Row[] = [
  // Who somebody is
  row(
    'grantKeyboardInteractive',
    'SSHUserAuthRequest',
    () => grantKeyboardInteractive({ prompts: [{ text: '3 by 3? ' }], verify: (_user, [answer]) => answer === '9' }),
    [same(authRequest.keyboardInteractive('ann')), granted('grantKeyboardInteractive', 'challenge')],
    [
      same(authRequest.keyboardInteractiveAnswer('ann', ['6'])),
      denied('grantKeyboardInteractive', DenyReason.BadCredential),
    ],
    [same(authRequest.keyboardInteractive('ann')), granted('grantKeyboardInteractive', 'challenge')],
    [same(authRequest.keyboardInteractiveAnswer('ann', ['9'])), granted('grantKeyboardInteractive')],
  ),
  row(
    'grantPassword',
    'SSHUserAuthRequest',
    () =>
      grantPassword((_user, text) => text === PASSWORD || (text === 'stale' && { change: 'A new one: ' }), {
        change: (_user, text, newText) => text === 'stale' && (newText !== 'short' || { change: 'A longer one: ' }),
      }),
    [noPassword, open()],
    [wrongPassword, declined(DenyReason.BadCredential)],
    [stalePassword, granted('grantPassword', 'passwordChange')],
    [same(authRequest.passwordChange('ann', 'stale', 'short')), granted('grantPassword', 'passwordChange')],
    [same(authRequest.passwordChange('ann', 'stole', 'longer')), declined(DenyReason.BadCredential)],
    [stalePassword, granted('grantPassword', 'passwordChange')],
    [same(authRequest.passwordChange('ann', 'stale', 'longer')), granted('grantPassword')],
  ),
  row(
    'grantHostBased',
    'SSHUserAuthRequest',
    () =>
      grantHostBased({
        hosts: `desk.example.com ${lineOf(own.key)}`,
        allow: (host, { user, clientUserName }) => host === 'desk.example.com' && user === clientUserName,
      }),
    [noPassword, open()],
    [{ ...provenHost, key: other.key }, declined(DenyReason.KeyNotAccepted)],
    [{ ...provenHost, clientUserName: 'bob' }, declined(DenyReason.UserNotAllowed)],
    [provenHost, granted('grantHostBased')],
  ),
  row(
    'grantHashedPassword',
    'SSHUserAuthRequest',
    () => grantHashedPassword({ hashOf: (user) => (user === 'ann' ? passwordHash : undefined) }),
    [noPassword, open()],
    [wrongPassword, declined(DenyReason.BadCredential)],
    [rightPassword, granted('grantHashedPassword')],
    [bob, declined(DenyReason.BadCredential)],
  ),
  row(
    'grantCertificate',
    'SSHUserAuthRequest',
    () => grantCertificate({ authorities: lineOf(authKeyOf(authority.blob)) }),
    [offeredKey, open()],
    [offeredCertifiedKey, granted('grantCertificate')],
    [certifiedKey, granted('grantCertificate')],
  ),
  row(
    'requireMethods',
    'SSHUserAuthRequest',
    () => requireMethods(({ user }) => (user === 'ann' ? 'password + totp|publickey:sk' : undefined)),
    [wrongPassword, requiring('password+totp | publickey:sk')],
    [bob, open()],
  ),
  row(
    'revokedKeys',
    'SSHUserAuthRequest',
    () => revokedKeys(authKeyOf(authority.blob).fingerprint),
    [offeredKey, open()],
    [certifiedKey, denied('revokedKeys', DenyReason.KeyRevoked)],
  ),
  row(
    'grantPublicKey',
    'SSHUserAuthRequest',
    () => grantPublicKey(lineOf(own.key)),
    [offeredOtherKey, declined(DenyReason.KeyNotAccepted)],
    [offeredKey, granted('grantPublicKey')],
    [provenKey, granted('grantPublicKey')],
  ),

  // Who may do what
  row(
    'acceptEnvironment',
    'SSHChannelRequest',
    () => acceptEnvironment(['LANG']),
    [language, granted('acceptEnvironment')],
    [same(channelRequest.env('EDITOR', 'vi')), open()],
  ),
  row(
    'allowCommands',
    'SSHChannelRequest',
    () => allowCommands(['date']),
    [date, open()],
    [reboot, denied('allowCommands', DenyReason.NotPermitted)],
  ),
  row(
    'allowFrom',
    'ConnectionRequest',
    () => allowFrom(['192.0.2.0/24']),
    [here, open()],
    [there, denied('allowFrom', DenyReason.AddressNotAllowed)],
  ),
  row(
    'allowUsers',
    'SSHUserAuthRequest',
    () => allowUsers(['ann']),
    [wrongPassword, open()],
    [bob, denied('allowUsers', DenyReason.UserNotAllowed)],
  ),
  row(
    'denyCommands',
    'SSHChannelRequest',
    () => denyCommands(['reboot']),
    [date, open()],
    [reboot, denied('denyCommands', DenyReason.NotPermitted)],
  ),
  row(
    'denyFrom',
    'ConnectionRequest',
    () => denyFrom(['198.51.100.0/24']),
    [here, open()],
    [there, denied('denyFrom', DenyReason.AddressNotAllowed)],
  ),
  row(
    'denyUsers',
    'SSHUserAuthRequest',
    () => denyUsers(['bob']),
    [wrongPassword, open()],
    [bob, denied('denyUsers', DenyReason.UserNotAllowed)],
  ),
  row('during', 'SSHUserAuthRequest', () => during(['thu 00:00-12:00'], { clock: midnight }), [wrongPassword, open(1)]),
  row('during', 'SSHUserAuthRequest', () => during(['fri 00:00-12:00'], { clock: midnight }), [
    wrongPassword,
    denied('during', DenyReason.OutsideHours),
  ]),
  row(
    'forwardFrom',
    'SSHGlobalRequest',
    () => forwardFrom([{ addresses: ['localhost'], ports: [8080] }]),
    [same(globalRequest.tcpipForward('localhost', 8080)), open()],
    [same(globalRequest.tcpipForward('', 8080)), denied('forwardFrom', DenyReason.NotPermitted)],
  ),
  row(
    'forwardTo',
    'SSHChannelOpenRequest',
    () => forwardTo([{ hosts: ['10.0.0.0/8'] }]),
    [nearby, open()],
    [faraway, denied('forwardTo', DenyReason.NotPermitted)],
  ),

  // How much of it
  row(
    'bandwidth',
    'SSHUserAuthRequest',
    () => bandwidth(({ user }) => (user === 'bob' ? { sendBytesPerSecond: 1_000 } : undefined)),
    [wrongPassword, open()],
    [bob, open(1)],
  ),
  row(
    'maxAuthAttempts',
    'SSHUserAuthRequest',
    () => maxAuthAttempts(1),
    [noPassword, open()],
    [wrongPassword, open(1)],
    [rightPassword, denied('maxAuthAttempts', DenyReason.LimitReached)],
  ),
  row(
    'maxChannels',
    'SSHChannelOpenRequest',
    () => maxChannels(1),
    [session, open(1)],
    [nextSession, denied('maxChannels', DenyReason.LimitReached)],
  ),
  row(
    'maxCommands',
    'SSHChannelRequest',
    () => maxCommands(1, { per: 'connection' }),
    [date, open(1)],
    [dateAgain, denied('maxCommands', DenyReason.LimitReached)],
  ),
  row(
    'maxCommands',
    'SSHChannelRequest',
    () => maxCommands(1, { per: 'user', windowMs: HOUR_MS }),
    [date, open(1)],
    [dateAgain, denied('maxCommands', DenyReason.RateLimited)],
  ),
  row(
    'maxConnections',
    'ConnectionRequest',
    () => maxConnections(1),
    [here, open(1)],
    [there, denied('maxConnections', DenyReason.LimitReached)],
  ),
  row(
    'maxPerSource',
    'ConnectionRequest',
    () => maxPerSource(1),
    [here, open(1)],
    [neighbour, denied('maxPerSource', DenyReason.LimitReached)],
  ),
  row(
    'maxPerUser',
    'SSHUserAuthRequest',
    () => maxPerUser(1, { scope: 'connections' }),
    [rightPassword, open(1)],
    [authRequest.password('ann', PASSWORD, { connection: 2 }), denied('maxPerUser', DenyReason.LimitReached)],
  ),
  row(
    'maxPerUser',
    'SSHChannelOpenRequest',
    () => maxPerUser(1, { scope: 'channels' }),
    [session, open(1)],
    [channelOpen.session({ connection: 2 }), denied('maxPerUser', DenyReason.LimitReached)],
  ),
  row(
    'maxStartups',
    'ConnectionRequest',
    () => maxStartups('1'),
    [here, open(2)],
    [there, denied('maxStartups', DenyReason.LimitReached)],
  ),
  row(
    'rateLimit',
    'SSHUserAuthRequest',
    () => rateLimit({ limit: 1, windowMs: HOUR_MS, keyOf: ({ user }) => user }),
    [wrongPassword, open()],
    [rightPassword, denied('rateLimit', DenyReason.RateLimited)],
    [bob, open()],
  ),

  // Against abuse
  row('banAfter', 'ConnectionRequest', () => banAfter({ failures: 3, windowMs: HOUR_MS, banMs: HOUR_MS }), [
    here,
    open(),
  ]),
  row(
    'banAfter',
    'ConnectionRequest',
    () => banAfter({ failures: 3, windowMs: HOUR_MS, banMs: HOUR_MS, store: BANS }),
    [here, denied('banAfter', DenyReason.Banned)],
  ),
  row('penalties', 'ConnectionRequest', () => penalties(), [here, open()]),
  row(
    'penalties',
    'ConnectionRequest',
    () => penalties({ store: BANS, exempt: ['198.51.100.0/24'] }),
    [here, denied('penalties', DenyReason.Banned)],
    [there, open()],
  ),
  row('tarpit', 'SSHUserAuthRequest', () => tarpit({ delayMs: HOUR_MS, clock: hurriedClock() }), [
    wrongPassword,
    open(),
  ]),
  row(
    'uniformDelay',
    'SSHUserAuthRequest',
    () => uniformDelay(grantPassword(isPassword), { floorMs: HOUR_MS, clock: hurriedClock() }),
    [wrongPassword, declined(DenyReason.BadCredential)],
    [rightPassword, granted('grantPassword')],
  ),

  // For how long
  row(
    'expireWith',
    'SSHUserAuthRequest',
    () => expireWith(({ user }) => (user === 'bob' ? new Date(0) : HOUR_MS), { clock: midnight }),
    [wrongPassword, open(1)],
    [bob, denied('expireWith', DenyReason.NotPermitted)],
  ),
  row('idleTimeout', 'SSHChannelRequest', () => idleTimeout({ idleMs: HOUR_MS }), [language, open()], [date, open(1)]),
  row('loginGrace', 'ConnectionRequest', () => loginGrace({ graceMs: HOUR_MS }), [here, open(1)]),
  row(
    'quota',
    'SSHChannelRequest',
    () => quota({ commands: 1, windowMs: HOUR_MS }),
    [language, open()],
    [date, open(1)],
    [dateAgain, denied('quota', DenyReason.QuotaExceeded)],
  ),
  row('revokedBy', 'SSHUserAuthRequest', () => revokedBy(NEVER), [wrongPassword, open(1)]),
  row('sessionLimit', 'SSHUserAuthRequest', () => sessionLimit({ limitMs: HOUR_MS }), [wrongPassword, open(1)]),
  row('takeOver', 'SSHUserAuthRequest', () => takeOver(), [wrongPassword, open(1)]),

  // Policies made of policies, and of functions
  row(
    'allOf',
    'SSHUserAuthRequest',
    () => allOf(grants(), grantPassword(isPassword)),
    [wrongPassword, declined(DenyReason.BadCredential)],
    [rightPassword, granted('yes and grantPassword')],
  ),
  row(
    'anyOf',
    'SSHUserAuthRequest',
    () => anyOf(denies(), when(isBob, denyUsers(['bob']), grantPassword(isPassword))),
    [bob, deniedByInner],
    [rightPassword, granted('grantPassword')],
  ),
  row(
    'approval',
    'SSHUserAuthRequest',
    () => approval({ ask: async ({ user }) => ({ approved: user === 'ann', by: 'carol' }), grants: true }),
    [bob, denied('approval by carol', DenyReason.NotApproved)],
    [wrongPassword, granted('approval by carol')],
  ),
  row(
    'decideEach',
    'SSHUserAuthRequest',
    () =>
      decideEach('not bob', (verdict) =>
        isBob(verdict.request) ? deny(verdict, 'not bob', DenyReason.UserNotAllowed) : verdict,
      ),
    [wrongPassword, open()],
    [bob, denied('not bob', DenyReason.UserNotAllowed)],
  ),
  row(
    'denyWhen',
    'SSHServiceRequest',
    () => denyWhen(({ service }) => service !== 'ssh-userauth', { reason: DenyReason.NoRoute }),
    [same(serviceRequest()), open()],
    [serviceRequest('tea@example.com', { connection: 2 }), denied('denyWhen', DenyReason.NoRoute)],
  ),
  row(
    'forSources',
    'ConnectionRequest',
    () => forSources(['198.51.100.0/24'], denies()),
    [here, open()],
    [there, deniedByInner],
  ),
  row(
    'forUsers',
    'SSHUserAuthRequest',
    () => forUsers(['b*'], denies()),
    [wrongPassword, open()],
    [bob, deniedByInner],
  ),
  row(
    'grantWhen',
    'SSHChannelOpenRequest',
    () => grantWhen(({ channelType }) => channelType === 'session'),
    [session, granted('grantWhen')],
    [nearby, open()],
  ),
  row(
    'leaseEach',
    'SSHUserAuthRequest',
    () => leaseEach('watch bob', ({ request }) => (isBob(request) ? NEVER : undefined)),
    [wrongPassword, open()],
    [bob, open(1)],
  ),
  row(
    'named',
    'SSHUserAuthRequest',
    () => named('the desk', when(isBob, denies(), grantPassword(isPassword))),
    [bob, denied('the desk', DenyReason.NotPermitted)],
    [rightPassword, granted('the desk')],
  ),
  row('shadow', 'SSHUserAuthRequest', () => shadow(denies()), [wrongPassword, open()]),
  row('when', 'SSHUserAuthRequest', () => when(isBob, denies()), [wrongPassword, open()], [bob, deniedByInner]),

  // What serves it
  row(
    'routeChannels',
    'SSHChannelOpenRequest',
    () => routeChannels({ 'echo@example.com': serve }),
    [session, open()],
    [same(channelOpen.other('echo@example.com')), granted('routeChannels', 'serve')],
  ),
  row(
    'routeCommands',
    'SSHChannelRequest',
    () => routeCommands({ date: serve }, { fallback: 'deny' }),
    [language, open()],
    [date, granted('routeCommands', 'serve')],
    [reboot, denied('routeCommands', DenyReason.NoRoute)],
  ),
  row(
    'routeShell',
    'SSHChannelRequest',
    () => routeShell(serve),
    [date, open()],
    [same(channelRequest.shell()), granted('routeShell', 'serve')],
  ),
  row(
    'routeSubsystems',
    'SSHChannelRequest',
    () => routeSubsystems({ sftp: serve }),
    [same(channelRequest.subsystem('netconf')), open()],
    [same(channelRequest.subsystem('sftp')), granted('routeSubsystems', 'serve')],
  ),
];

it('the table has every policy that the package exports, and nothing else', () => {
  expect([...new Set(TABLE.map(({ policy }) => policy))].sort()).toEqual(CATALOGUE);
});

describe.each(TABLE)('$policy, asked about $type', ({ expected, inPipe, inMethod, inPlugin }) => {
  it('decides in a .pipe()', async () => {
    expect(await inPipe()).toEqual(expected);
  });

  it('decides the same in a decorated method', async () => {
    expect(await inMethod()).toEqual(expected);
  });

  it('decides the same in a plugin', async () => {
    expect(await inPlugin()).toEqual(expected);
  });
});
