import { NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';

import {
  acceptEnvironment,
  type AddressPolicyOptions,
  allOf,
  allowCommands,
  allowFrom,
  allowUsers,
  anyOf,
  approval,
  type ApprovalOptions,
  banAfter,
  type BanAfterOptions,
  bandwidth,
  type BandwidthRates,
  type CommandPolicyOptions,
  type ConnectionRequest,
  decideEach,
  denyCommands,
  denyFrom,
  denyUsers,
  denyWhen,
  type DenyWhenOptions,
  during,
  type DuringOptions,
  type EarlyDrop,
  expireWith,
  type ExpireWithOptions,
  forSources,
  forUsers,
  forwardFrom,
  type ForwardFromRule,
  forwardTo,
  type ForwardToRule,
  grantHostBased,
  type GrantHostBasedOptions,
  grantKeyboardInteractive,
  grantPassword,
  type GrantPasswordOptions,
  grantCertificate,
  type GrantCertificateOptions,
  grantHashedPassword,
  type GrantHashedPasswordOptions,
  grantPublicKey,
  type GrantPublicKeyOptions,
  grantWhen,
  idleTimeout,
  type IdleTimeoutOptions,
  type KeyboardInteractiveOptions,
  leaseEach,
  loginGrace,
  type LoginGraceOptions,
  maxAuthAttempts,
  type MaxAuthAttemptsOptions,
  maxChannels,
  type MaxChannelsOptions,
  maxCommands,
  type MaxCommandsPerConnection,
  type MaxCommandsPerUser,
  maxConnections,
  maxPerSource,
  type MaxPerSourceOptions,
  maxPerUser,
  maxStartups,
  type MaxStartupsOptions,
  MemoryCounterStore,
  named,
  penalties,
  type PenaltiesOptions,
  type PenaltyWeights,
  type Policy,
  type PolicyOptions,
  quota,
  type QuotaOptions,
  rateLimit,
  type RateLimitOptions,
  type RememberApproval,
  revokedBy,
  requireMethods,
  revokedKeys,
  type RevokedByOptions,
  routeChannels,
  routeCommands,
  type RouteOptions,
  type Routes,
  routeShell,
  type RouteShellOptions,
  routeSubsystems,
  type ServeChannel,
  sessionLimit,
  type SessionLimitOptions,
  shadow,
  type ShadowOptions,
  SshServerError,
  type SSHUserAuthRequest,
  takeOver,
  type TakeOverOptions,
  tarpit,
  type TarpitOptions,
  uniformDelay,
  type UniformDelayOptions,
  type UserPolicyOptions,
  when,
} from '../../../src/index.js';
import { badArgument, type BadOption, badOptions, type BadValues, blame, listOf } from './bad-options.js';
import { keyOf, lineOf } from './keys.js';
import { CATALOGUE } from './catalogue.js';

const NO_COUNT = [0, -1, 1.5, NaN, Infinity, 2 ** 53, '3', null];
const NO_DURATION = [0, -1, NaN, Infinity, '60000', null];
const NO_WAIT = [-1, NaN, Infinity, '60000', null];
const NO_GRACE = [...NO_WAIT, 86_400_001];
const NO_FUNCTION = ['yes', {}, null];
const NO_BOOLEAN = ['yes', 1, null];
const NO_TEXT = ['', ' ', 5, null];
const NO_NAME = NO_TEXT;
const NO_CLOCK = ['now', {}, { now: 0 }, { now: () => 0 }, null];
const NO_LIST = ['one', {}, null, undefined];
const NO_POLICY = [undefined, ...NO_FUNCTION];
const NO_STORE_FAILURE = ['ignore', '', true, null];
const NO_HIT_STORE = ['redis', {}, { hit: 1 }, null];
const NO_STORE = [...NO_HIT_STORE, { hit: () => undefined }, { hit: () => undefined, extend: () => 0 }];
const NO_ADDRESS = ['', '192.0.2.256', '192.0.2.0/33', '192.0.2.1/24', '2001:db8::/129', 7, null];
const NO_USERS = [[], [''], [5], 'ann', null];
const NO_PREFIXES = { ipv4Prefix: [-1, 33, 1.5, NaN, '24', null], ipv6Prefix: [-1, 129, 1.5, NaN, '64', null] };

const HOUR_MS = 3_600_000;
const run: ServeChannel = (channel) => {
  channel.close();
};
const passes: Policy<ConnectionRequest> = (verdict$) => verdict$;
const always = (): boolean => true;
const key = (): string => 'everybody';
const store = new MemoryCounterStore();
const authority = lineOf(keyOf(3));

/** A policy whose options hold nothing but its name. */
const badName = (policy: string, make: (options: PolicyOptions) => unknown): readonly BadOption[] =>
  badOptions(policy, make, {}, { name: NO_NAME });

const badLookup: Omit<BadValues<AddressPolicyOptions>, 'name'> = {
  resolver: ['dns', {}, { reverse: always }, null],
  lookupTimeoutMs: NO_DURATION,
  cacheMs: NO_DURATION,
  maxAddresses: NO_COUNT,
  maxLookups: NO_COUNT,
  clock: NO_CLOCK,
};

const badAddresses = (
  policy: string,
  make: (list: readonly string[], options?: AddressPolicyOptions) => unknown,
): readonly BadOption[] => [
  ...badArgument(policy, 'list', [...NO_LIST, ...NO_ADDRESS.map(listOf)], make),
  ...badOptions<AddressPolicyOptions>(policy, (options) => make([], options), {}, { name: NO_NAME, ...badLookup }),
];

const badUsers = (
  policy: string,
  make: (patterns: readonly string[], options?: UserPolicyOptions) => unknown,
): readonly BadOption[] => [
  ...badArgument(
    policy,
    'patterns',
    [...NO_LIST, ...['', '@example.com', 'ann@', 'ann@1/2/3', 5, null].map(listOf)],
    make,
  ),
  ...badOptions<UserPolicyOptions>(policy, (options) => make([], options), {}, { name: NO_NAME, ...badLookup }),
];

const badCommands = (
  policy: string,
  make: (patterns: readonly string[], options?: CommandPolicyOptions) => unknown,
): readonly BadOption[] => [
  ...badArgument(policy, 'patterns', [...NO_LIST, ...['', ' ls', 'l*s', ' *', 5, null].map(listOf)], make),
  ...badOptions<CommandPolicyOptions>(
    policy,
    (options) => make([], options),
    {},
    {
      name: NO_NAME,
      shell: NO_BOOLEAN,
      subsystems: ['sftp', [''], [5], null],
      rejectShellSyntax: NO_BOOLEAN,
    },
  ),
];

const NO_SOCKET_RULES = [
  { sockets: ['relative'], blamed: 'relative' },
  { sockets: ['/run/../etc'], blamed: '/run/../etc' },
  { sockets: [5], blamed: 5 },
].map(({ blamed, ...rule }) => blame([rule], blamed));

/** @param field - what the rules of this policy call their hosts */
const badForwards = (field: string): readonly unknown[] => [
  ...NO_LIST,
  ...['any', null, {}, { [field]: ['*'], port: [22] }, { [field]: ['*'], sockets: ['/run/x'] }].map(listOf),
  ...['10.0.0.1/33', '', 5].map((entry) => blame([{ [field]: [entry] }], entry)),
  ...[-1, 65_536, 1.5, NaN, '90-80', '', 'ssh', null].map((port) => blame([{ [field]: ['*'], ports: [port] }], port)),
  blame([{ [field]: '*' }], '*'),
  blame([{ [field]: ['*'], ports: 22 }], 22),
  blame([{ [field]: ['*'], users: [''] }], ''),
  blame([{ [field]: ['*'], users: 'ann' }], 'ann'),
  ...NO_SOCKET_RULES,
];

const badRoutes = (policy: string, make: (routes: Routes, options?: RouteOptions) => unknown): readonly BadOption[] => [
  ...badArgument(policy, 'routes', [null, undefined, 'ls'], make),
  ...badArgument(policy, 'the route "ls"', [undefined, 'ls', null], (value: ServeChannel) => make({ ls: value })),
  ...badOptions<RouteOptions>(
    policy,
    (options) => make({ ls: run }, options),
    {},
    {
      name: NO_NAME,
      users: NO_USERS,
      fallback: ['allow', {}, null],
    },
  ),
];

const WINDOW = { limit: 1, windowMs: HOUR_MS };
const BAN = { failures: 1, windowMs: HOUR_MS, banMs: 2 * HOUR_MS };

const TABLE: readonly BadOption[] = [
  // Who somebody is
  ...badOptions<KeyboardInteractiveOptions>(
    'grantKeyboardInteractive',
    grantKeyboardInteractive,
    { prompts: [], verify: always },
    {
      name: NO_NAME,
      prompts: [
        'Code: ',
        undefined,
        ['Code: '],
        [{}],
        [{ text: 5 }],
        [{ text: 'Code: ', echo: 'no' }],
        Array.from({ length: 17 }, () => ({ text: 'Code: ' })),
        null,
      ],
      verify: [undefined, ...NO_FUNCTION],
      verifyAnswer: NO_FUNCTION,
      maxRounds: NO_COUNT,
    },
  ),
  ...badOptions<GrantHostBasedOptions>(
    'grantHostBased',
    grantHostBased,
    { hosts: `desk ${authority}`, allow: always },
    {
      name: NO_NAME,
      hosts: [undefined, null, 5, {}, 'desk', 'desk ssh-ed25519 AAAA', `@trusted desk ${authority}`],
      allow: [undefined, ...NO_FUNCTION],
      onProblem: NO_FUNCTION,
      clock: NO_CLOCK,
    },
  ),
  ...badOptions<GrantHashedPasswordOptions>(
    'grantHashedPassword',
    grantHashedPassword,
    { hashOf: () => undefined },
    {
      name: NO_NAME,
      hashOf: [undefined, ...NO_FUNCTION],
      hashing: ['scrypt', {}, { verify: always }, null],
      rehash: NO_FUNCTION,
      maxWaitMs: NO_DURATION,
      clock: NO_CLOCK,
    },
  ),
  ...badOptions<GrantCertificateOptions>(
    'grantCertificate',
    grantCertificate,
    { authorities: authority },
    {
      name: NO_NAME,
      authorities: [undefined, null, 5, {}, '', [], [''], [5], 'ssh-ed25519 AAAA', `no-pty ${authority}`],
      principalsOf: NO_FUNCTION,
      allowUntouched: NO_BOOLEAN,
      graceMs: NO_GRACE,
      warnBeforeMs: NO_WAIT,
      clock: NO_CLOCK,
    },
  ),
  ...badArgument(
    'revokedKeys',
    'source',
    [
      undefined,
      null,
      5,
      {},
      { file: '' },
      { file: 5 },
      { file: '/does/not/exist' },
      'no keys',
      Buffer.from('SSHKRL\n\0'),
    ],
    revokedKeys,
  ),
  ...badName('revokedKeys', (options) => revokedKeys('', options)),
  ...badArgument(
    'requireMethods',
    'required',
    [undefined, null, 5, {}, '', 'password+', 'publickey,password', 'publickey:dsa', 'totp+totp'],
    requireMethods,
  ),
  ...badName('requireMethods', (options) => requireMethods('password', options)),
  ...badArgument('grantPassword', 'verify', [undefined, ...NO_FUNCTION], grantPassword),
  ...badOptions<GrantPasswordOptions>(
    'grantPassword',
    (options) => grantPassword(always, options),
    {},
    { name: NO_NAME, change: NO_FUNCTION },
  ),
  ...badArgument(
    'grantPublicKey',
    'source',
    [undefined, null, 5, {}, ['ssh-ed25519 AAAA'], [{}], [null]],
    grantPublicKey,
  ),
  ...badOptions<GrantPublicKeyOptions>(
    'grantPublicKey',
    (options) => grantPublicKey('', options),
    {},
    {
      name: NO_NAME,
      user: ['', [], [''], [5], 5, null],
      onProblem: NO_FUNCTION,
      endWithKey: ['yes', 0, null],
      graceMs: NO_GRACE,
      warnBeforeMs: NO_WAIT,
      clock: NO_CLOCK,
    },
  ),

  // Who may do what
  ...badArgument('acceptEnvironment', 'patterns', NO_LIST, acceptEnvironment),
  ...badArgument('acceptEnvironment', 'patterns', ['', 'LC-ALL', 'A B', 5, null].map(listOf), acceptEnvironment),
  ...badName('acceptEnvironment', (options) => acceptEnvironment([], options)),
  ...badCommands('allowCommands', allowCommands),
  ...badAddresses('allowFrom', allowFrom),
  ...badUsers('allowUsers', allowUsers),
  ...badCommands('denyCommands', denyCommands),
  ...badAddresses('denyFrom', denyFrom),
  ...badUsers('denyUsers', denyUsers),
  ...badArgument(
    'during',
    'windows',
    [
      ...NO_LIST,
      ...['', 'always', '8:00-9:00', '09:00-09:00', '24:00-01:00', 'mo 08:00-09:00', 5, null, {}].map(listOf),
      listOf({ from: '08:00', to: '25:00' }),
      listOf({ from: '08:00', to: '09:00', days: [] }),
    ],
    during,
  ),
  ...badOptions<DuringOptions>(
    'during',
    (options) => during([], options),
    {},
    {
      name: NO_NAME,
      timeZone: ['', 'Europe/Atlantis', 5, null],
      endSessions: NO_BOOLEAN,
      warnBeforeMs: NO_WAIT,
      clock: NO_CLOCK,
    },
  ),
  ...badArgument('forwardFrom', 'rules', badForwards('addresses'), (rules: readonly ForwardFromRule[]) =>
    forwardFrom(rules),
  ),
  ...badName('forwardFrom', (options) => forwardFrom([], options)),
  ...badArgument('forwardTo', 'rules', badForwards('hosts'), (rules: readonly ForwardToRule[]) => forwardTo(rules)),
  ...badName('forwardTo', (options) => forwardTo([], options)),

  // How much of it
  ...badArgument('bandwidth', 'rates', [undefined, null, 5, '1M', {}], (rates: BandwidthRates) => bandwidth(rates)),
  ...badArgument('bandwidth', 'receiveBytesPerSecond', NO_COUNT, (rate: number) =>
    bandwidth({ receiveBytesPerSecond: rate }),
  ),
  ...badArgument('bandwidth', 'sendBytesPerSecond', NO_COUNT, (rate: number) =>
    bandwidth({ sendBytesPerSecond: rate }),
  ),
  ...badName('bandwidth', (options) => bandwidth({ sendBytesPerSecond: 1 }, options)),
  ...badArgument('maxAuthAttempts', 'limit', [undefined, ...NO_COUNT], maxAuthAttempts),
  ...badOptions<MaxAuthAttemptsOptions>(
    'maxAuthAttempts',
    (options) => maxAuthAttempts(1, options),
    {},
    {
      name: NO_NAME,
      methods: [[], ['none'], ['password', 'passwd'], 'password', null],
    },
  ),
  ...badArgument('maxChannels', 'limit', [undefined, ...NO_COUNT], maxChannels),
  ...badOptions<MaxChannelsOptions>(
    'maxChannels',
    (options) => maxChannels(1, options),
    {},
    {
      name: NO_NAME,
      types: [[], [''], [5], 'session', null],
    },
  ),
  ...badArgument('maxCommands', 'limit', [undefined, ...NO_COUNT], (limit: number) =>
    maxCommands(limit, { per: 'connection' }),
  ),
  ...badOptions<MaxCommandsPerConnection>(
    'maxCommands',
    (options) => maxCommands(1, options),
    { per: 'connection' },
    {
      name: NO_NAME,
      per: [undefined, 'hour', '', null],
    },
  ),
  ...badOptions<MaxCommandsPerUser>(
    'maxCommands',
    (options) => maxCommands(1, options),
    { per: 'user', windowMs: 1 },
    {
      name: NO_NAME,
      per: [undefined, 'hour', '', null],
      windowMs: [undefined, ...NO_DURATION],
      clock: NO_CLOCK,
      store: NO_HIT_STORE,
      maxKeys: NO_COUNT,
      onStoreFailure: NO_STORE_FAILURE,
    },
  ),
  ...badArgument('maxCommands', 'maxKeys', [10], (maxKeys: number) =>
    maxCommands(1, { per: 'user', windowMs: 1, store, maxKeys }),
  ),
  ...badArgument('maxConnections', 'limit', [undefined, ...NO_COUNT], maxConnections),
  ...badName('maxConnections', (options) => maxConnections(1, options)),
  ...badArgument('maxPerSource', 'limit', [undefined, ...NO_COUNT], maxPerSource),
  ...badOptions<MaxPerSourceOptions>(
    'maxPerSource',
    (options) => maxPerSource(1, options),
    {},
    {
      name: NO_NAME,
      unauthenticatedOnly: NO_BOOLEAN,
      ...NO_PREFIXES,
    },
  ),
  ...badArgument('maxPerUser', 'limit', [undefined, ...NO_COUNT], (limit: number) =>
    maxPerUser(limit, { scope: 'channels' }),
  ),
  ...badOptions<PolicyOptions & { readonly scope: 'channels' }>(
    'maxPerUser',
    (options) => maxPerUser(1, options),
    { scope: 'channels' },
    { name: NO_NAME, scope: [undefined, 'sessions', '', null] },
  ),
  ...badArgument(
    'maxStartups',
    'limit',
    [
      ...['', '10:30', '0', '1:0:5', '1:101:5', '10:30:5', '1.5', 'ten', 10, null, undefined],
      ...[
        { start: 0, ratePercent: 30, full: 5 },
        { start: 1, ratePercent: NaN, full: 5 },
        { start: 1, ratePercent: 30, full: '5' },
      ],
    ],
    (limit: string | EarlyDrop) => maxStartups(limit),
  ),
  ...badOptions<MaxStartupsOptions>(
    'maxStartups',
    (options) => maxStartups('10', options),
    {},
    {
      name: NO_NAME,
      random: NO_FUNCTION,
    },
  ),
  ...badOptions<RateLimitOptions<ConnectionRequest>>(
    'rateLimit',
    rateLimit,
    { ...WINDOW, keyOf: key },
    {
      name: NO_NAME,
      limit: [undefined, ...NO_COUNT],
      windowMs: [undefined, ...NO_DURATION],
      keyOf: [undefined, ...NO_FUNCTION],
      clock: NO_CLOCK,
      store: NO_HIT_STORE,
      maxKeys: NO_COUNT,
      onStoreFailure: NO_STORE_FAILURE,
    },
  ),
  ...badArgument('rateLimit', 'maxKeys', [10], (maxKeys: number) =>
    rateLimit({ ...WINDOW, keyOf: key, store, maxKeys }),
  ),

  // Against abuse
  ...badOptions<BanAfterOptions>('banAfter', banAfter, BAN, {
    name: NO_NAME,
    failures: [undefined, ...NO_COUNT],
    windowMs: [undefined, ...NO_DURATION],
    banMs: [undefined, ...NO_DURATION],
    // The last is shorter than the first ban.
    maxBanMs: [...NO_DURATION, HOUR_MS],
    forgetMs: NO_DURATION,
    liftOnProvenKey: NO_BOOLEAN,
    isFailure: NO_FUNCTION,
    ...NO_PREFIXES,
    clock: NO_CLOCK,
    store: NO_STORE,
    maxKeys: NO_COUNT,
    onStoreFailure: NO_STORE_FAILURE,
  }),
  ...badArgument('banAfter', 'maxKeys', [10], (maxKeys: number) => banAfter({ ...BAN, store, maxKeys })),
  ...badOptions<PenaltiesOptions>(
    'penalties',
    penalties,
    {},
    {
      name: NO_NAME,
      weights: [null, 5, 'high'],
      minMs: NO_DURATION,
      // The last is below the default of minMs.
      maxMs: [...NO_DURATION, 14_999],
      exempt: [...NO_LIST.filter((it) => it !== undefined), ...NO_ADDRESS.map(listOf)],
      ...NO_PREFIXES,
      clock: NO_CLOCK,
      store: NO_STORE,
      maxKeys: NO_COUNT,
      onStoreFailure: NO_STORE_FAILURE,
    },
  ),
  ...badArgument('penalties', 'weights', [blame({ authFailure: 5 }, 'authFailure')], (weights: PenaltyWeights) =>
    penalties({ weights }),
  ),
  ...(['authFailureMs', 'noAuthMs', 'graceExceededMs', 'protocolErrorMs', 'refusedMs'] as const).flatMap((kind) =>
    badArgument('penalties', `weights.${kind}`, NO_WAIT, (weight: number) =>
      penalties({ weights: { [kind]: weight } }),
    ),
  ),
  ...badArgument('penalties', 'maxKeys', [10], (maxKeys: number) => penalties({ store, maxKeys })),
  ...badOptions<TarpitOptions<ConnectionRequest>>(
    'tarpit',
    tarpit,
    { delayMs: 1 },
    {
      name: NO_NAME,
      delayMs: [undefined, ...NO_DURATION],
      when: NO_FUNCTION,
      maxHeld: NO_COUNT,
      clock: NO_CLOCK,
    },
  ),
  ...badArgument('uniformDelay', 'policy', NO_POLICY, (policy: Policy<ConnectionRequest>) =>
    uniformDelay(policy, { floorMs: 1 }),
  ),
  ...badOptions<UniformDelayOptions>(
    'uniformDelay',
    (options) => uniformDelay(passes, options),
    { floorMs: 1 },
    {
      name: NO_NAME,
      floorMs: [undefined, ...NO_DURATION],
      jitterMs: [-1, 1.5, NaN, 2 ** 31, '5', null],
      maxHeld: NO_COUNT,
      clock: NO_CLOCK,
    },
  ),

  // For how long
  ...badArgument('expireWith', 'expiryOf', [undefined, 5, ...NO_FUNCTION], expireWith),
  ...badOptions<ExpireWithOptions>(
    'expireWith',
    (options) => expireWith(() => 0, options),
    {},
    {
      name: NO_NAME,
      reason: NO_TEXT,
      graceMs: [...NO_WAIT, 86_400_001],
      warnBeforeMs: [...NO_WAIT, [-1], [NaN], ['5']],
      clock: NO_CLOCK,
    },
  ),
  ...badOptions<IdleTimeoutOptions>(
    'idleTimeout',
    idleTimeout,
    { idleMs: HOUR_MS },
    {
      name: NO_NAME,
      idleMs: [undefined, ...NO_DURATION],
      graceMs: [...NO_WAIT, 86_400_001],
      warnBeforeMs: [...NO_WAIT, HOUR_MS, [HOUR_MS], [-1], ['5']],
      clock: NO_CLOCK,
    },
  ),
  ...badOptions<LoginGraceOptions>(
    'loginGrace',
    loginGrace,
    { graceMs: HOUR_MS },
    {
      name: NO_NAME,
      graceMs: [undefined, ...NO_DURATION],
      warnBeforeMs: [...NO_WAIT, HOUR_MS, [HOUR_MS], [-1], ['5']],
      clock: NO_CLOCK,
    },
  ),
  ...badOptions<QuotaOptions<ConnectionRequest>>(
    'quota',
    quota,
    { commands: 1, windowMs: 1 },
    {
      name: NO_NAME,
      bytes: NO_COUNT,
      commands: NO_COUNT,
      timeMs: NO_DURATION,
      windowMs: [undefined, ...NO_DURATION],
      keyOf: NO_FUNCTION,
      warnAtPercent: [0, -1, 101, NaN, Infinity, '80', null],
      maxKeys: NO_COUNT,
      clock: NO_CLOCK,
    },
  ),
  ...badArgument('quota', 'bytes, commands or timeMs', [undefined], () => quota({ windowMs: 1 })),
  ...badArgument('revokedBy', 'source', [undefined, ...NO_FUNCTION], revokedBy),
  ...badOptions<RevokedByOptions<ConnectionRequest>>(
    'revokedBy',
    (options) => revokedBy(NEVER, options),
    {},
    {
      name: NO_NAME,
      graceMs: [...NO_WAIT, 86_400_001],
      reason: NO_TEXT,
      matches: NO_FUNCTION,
      onError: ['deny', '', null],
    },
  ),
  ...badOptions<SessionLimitOptions>(
    'sessionLimit',
    sessionLimit,
    { limitMs: HOUR_MS },
    {
      name: NO_NAME,
      limitMs: [undefined, ...NO_DURATION],
      graceMs: [...NO_WAIT, 86_400_001],
      warnBeforeMs: [...NO_WAIT, HOUR_MS, [HOUR_MS], [-1], ['5']],
      clock: NO_CLOCK,
    },
  ),
  ...badOptions<TakeOverOptions>(
    'takeOver',
    takeOver,
    {},
    {
      name: NO_NAME,
      graceMs: [...NO_WAIT, 86_400_001],
      keyOf: NO_FUNCTION,
      max: NO_COUNT,
      warn: NO_BOOLEAN,
      tellAddress: NO_BOOLEAN,
    },
  ),

  // Policies made of policies, and of functions
  ...badArgument('allOf', 'policies', [[]], () => allOf()),
  ...badArgument('allOf', 'policy 2', NO_POLICY, (policy: Policy<ConnectionRequest>) => allOf(passes, policy)),
  ...badArgument('anyOf', 'policies', [[]], () => anyOf()),
  ...badArgument('anyOf', 'policy 2', NO_POLICY, (policy: Policy<ConnectionRequest>) => anyOf(passes, policy)),
  ...badOptions<ApprovalOptions<SSHUserAuthRequest>>(
    'approval',
    approval,
    { ask: always },
    {
      name: NO_NAME,
      ask: [undefined, ...NO_FUNCTION],
      deadlineMs: NO_DURATION,
      remember: [null, 5, 'ever'],
      announce: NO_FUNCTION,
      maxPending: NO_COUNT,
      grants: NO_BOOLEAN,
      clock: NO_CLOCK,
    },
  ),
  ...Object.entries<readonly unknown[]>({
    forMs: [undefined, ...NO_DURATION],
    keyOf: [undefined, ...NO_FUNCTION],
    maxKeys: NO_COUNT,
  } satisfies BadValues<RememberApproval<SSHUserAuthRequest>>).flatMap(([option, values]) =>
    badArgument('approval', `remember.${option}`, values, (value: unknown) =>
      approval({ ask: always, remember: { forMs: 1, keyOf: key, [option]: value } }),
    ),
  ),
  ...badArgument('decideEach', 'by', [undefined, ...NO_NAME], (by: string) => decideEach(by, (verdict) => verdict)),
  ...badArgument('decideEach', 'decide', [undefined, ...NO_FUNCTION], (decide: () => never) =>
    decideEach('it', decide),
  ),
  ...badArgument('denyWhen', 'predicate', [undefined, true, ...NO_FUNCTION], denyWhen),
  ...badOptions<DenyWhenOptions>(
    'denyWhen',
    (options) => denyWhen(always, options),
    {},
    {
      name: NO_NAME,
      reason: ['no', '', 'NotPermitted', 5, null],
    },
  ),
  ...badArgument('forSources', 'list', [...NO_LIST, [], ...NO_ADDRESS.map(listOf)], (list: readonly string[]) =>
    forSources(list, passes),
  ),
  ...badArgument('forSources', 'policy', NO_POLICY, (policy: Policy<ConnectionRequest>) => forSources(['*'], policy)),
  ...badArgument('forUsers', 'patterns', [...NO_LIST, [], [''], [5], [null]], (patterns: readonly string[]) =>
    forUsers(patterns, grantPassword(always)),
  ),
  ...badArgument('forUsers', 'policy', NO_POLICY, (policy: Policy<SSHUserAuthRequest>) => forUsers(['*'], policy)),
  ...badArgument('grantWhen', 'predicate', [undefined, true, ...NO_FUNCTION], grantWhen),
  ...badName('grantWhen', (options) => grantWhen(always, options)),
  ...badArgument('leaseEach', 'by', [undefined, ...NO_NAME], (by: string) => leaseEach(by, () => undefined)),
  ...badArgument('leaseEach', 'leaseFor', [undefined, ...NO_FUNCTION], (leaseFor: () => undefined) =>
    leaseEach('it', leaseFor),
  ),
  ...badArgument('named', 'name', [undefined, ...NO_NAME], (name: string) => named(name, passes)),
  ...badArgument('named', 'policy', NO_POLICY, (policy: Policy<ConnectionRequest>) => named('it', policy)),
  ...badArgument('shadow', 'policy', NO_POLICY, (policy: Policy<ConnectionRequest>) => shadow(policy)),
  ...badOptions<ShadowOptions>(
    'shadow',
    (options) => shadow(passes, options),
    {},
    {
      name: NO_NAME,
      maxPending: NO_COUNT,
      silentAfterMs: NO_DURATION,
      clock: NO_CLOCK,
    },
  ),
  ...badArgument('when', 'predicate', [undefined, true, ...NO_FUNCTION], (predicate: () => boolean) =>
    when(predicate, passes),
  ),
  ...badArgument('when', 'policy', NO_POLICY, (policy: Policy<ConnectionRequest>) => when(always, policy)),
  ...badArgument('when', 'otherwise', NO_FUNCTION, (policy: Policy<ConnectionRequest>) => when(always, passes, policy)),

  // What serves it
  ...badRoutes('routeChannels', routeChannels),
  ...badRoutes('routeCommands', routeCommands),
  ...badArgument('routeShell', 'serve', [undefined, '/bin/sh', {}, null], routeShell),
  ...badOptions<RouteShellOptions>(
    'routeShell',
    (options) => routeShell(run, options),
    {},
    {
      name: NO_NAME,
      users: NO_USERS,
    },
  ),
  ...badRoutes('routeSubsystems', routeSubsystems),
];

/** Routes that are no routes, or two for one thing: their own code, and a message that names the policy and the route. */
const CONFLICTS: readonly (readonly [policy: string, named: string, make: () => unknown])[] = [
  ['routeCommands', 'a route needs a name', () => routeCommands({ '': run })],
  ['routeCommands', '"ls*" is no pattern', () => routeCommands({ 'ls*': run })],
  ['routeCommands', '" ls" is no pattern', () => routeCommands({ ' ls': run })],
  ['routeCommands', '"*" is routed twice', () => routeCommands({ '*': run }, { fallback: 'deny' })],
  ['routeSubsystems', 'a route needs a name', () => routeSubsystems({ '': run })],
  ['routeSubsystems', '"sftp**" is no name', () => routeSubsystems({ 'sftp**': run })],
  ['routeSubsystems', '"*" is routed twice', () => routeSubsystems({ '*': run }, { fallback: run })],
  ['routeChannels', 'a route needs a name', () => routeChannels({ '': run })],
  ['routeChannels', '"x**" is no name', () => routeChannels({ 'x**': run })],
  ['routeChannels', '"*" is routed twice', () => routeChannels({ '*': run }, { fallback: 'deny' })],
];

const thrownBy = (make: () => unknown): unknown => {
  try {
    make();
  } catch (error) {
    return error;
  }
  return undefined;
};

it('the table has every policy that the package exports, and nothing else', () => {
  expect([...new Set(TABLE.map(({ policy }) => policy))].sort()).toEqual(CATALOGUE);
});

describe.each(CATALOGUE)('%s', (name) => {
  for (const { policy, option, shown, make } of TABLE.filter((bad) => bad.policy === name)) {
    it(`refuses ${option} if it is ${shown}, and names both`, () => {
      const error = thrownBy(make);

      expect(error).toBeInstanceOf(SshServerError);
      const { code, message } = error as SshServerError;
      expect(code).toBe('ERR_SSH_POLICY_OPTION');
      expect(message.slice(0, `${policy}: ${option} `.length)).toBe(`${policy}: ${option} `);
      expect(message.slice(-`, got ${shown}`.length)).toBe(`, got ${shown}`);
    });
  }
});

describe('routes', () => {
  it.each(CONFLICTS)('of %s are refused when it is made: %s', (policy, route, make) => {
    expect(thrownBy(make)).toMatchObject({
      code: 'ERR_SSH_ROUTE_CONFLICT',
      message: expect.stringContaining(`${policy}: ${route}`) as unknown,
    });
  });
});

it('a line of a list of keys that gives no key is named by its number, without a word of its options', () => {
  expect(thrownBy(() => grantPublicKey('# keys\ncommand="secret" nonsense\n'))).toMatchObject({
    code: 'ERR_SSH_POLICY_OPTION',
    message: expect.stringMatching(/^grantPublicKey: source cannot be used at line 2: (?!.*secret)/) as unknown,
  });
});
