import type { KeyName, KeyRoom } from './key-room.js';
import type { Outcome, ServerSide, TableRow, TableSetting, Wish } from './table-row.js';

/** The options of a line, and the key of the user behind them. */
const line = (room: KeyRoom, options = '', name: KeyName = 'user'): string =>
  `${options}${options === '' ? '' : ' '}${room.line(name)}\n`;

/** A key signs in by its line, or does not. */
const byKey = (name: string, key: KeyName, outcome: Outcome, settings: readonly string[] = []): TableRow => ({
  name,
  outcome,
  make: ({ room }) => ({ server: { keys: line(room, '', key) }, client: room.show(key), settings }),
});

/** The key of the user under the options of its line. */
const byOptions = (options: string, outcome: Outcome, wish: Wish = 'command'): TableRow => ({
  name: `a key with ${options}, for a ${wish}`,
  outcome,
  make: ({ room, greeter }) => ({
    server: { keys: line(room, options.replace('GREETER', String(greeter))) },
    client: room.show('user'),
    wish,
  }),
});

/** Arguments of ssh-keygen for a certificate of the user; `USER` stands for the name. */
type Arguments = readonly string[];
const OWN: Arguments = ['-n', 'USER'];

interface CertificateCase {
  readonly key?: KeyName;
  readonly authority?: KeyName;
  /** What is different from a server that trusts the authority. */
  readonly server?: (room: KeyRoom, user: string) => ServerSide | Promise<ServerSide>;
  readonly wish?: Wish;
}

/** A certificate made with these arguments. */
const byCertificate = (
  name: string,
  args: Arguments,
  outcome: Outcome,
  { key = 'user', authority = 'ca', server, wish = 'command' }: CertificateCase = {},
): TableRow => ({
  name: `a certificate ${name}${wish === 'command' ? '' : `, for a ${wish}`}`,
  outcome,
  make: async ({ room, user }): Promise<TableSetting> => ({
    server: { authorities: `${room.line('ca')}\n`, ...(await server?.(room, user)) },
    client: await room.certify(key, authority, ...args.map((word) => word.replace('USER', user))),
    wish,
  }),
});

const trusting =
  (authority: KeyName) =>
  (room: KeyRoom): ServerSide => ({ authorities: `${room.line(authority)}\n` });

/** The authority is in authorized_keys, and nowhere else. */
const onTermsOf =
  (options: string) =>
  (room: KeyRoom, user: string): ServerSide => ({
    authorities: `${room.line('otherCa')}\n`,
    keys: line(room, options.replace('USER', user), 'ca'),
  });

/** A revocation list of these lines, about certificates of the authority. */
const revoking =
  (...lines: readonly string[]) =>
  async (room: KeyRoom): Promise<ServerSide> => ({
    revoked: await room.revoke(
      'ca',
      ...lines.map((text) => text.replace(/KEY\((\w+)\)/, (_, name: string) => room.line(name as KeyName))),
    ),
  });

/** A list of text, with public keys of these. */
const listing =
  (...names: readonly KeyName[]) =>
  (room: KeyRoom): ServerSide => ({ revoked: `# a comment\n\n${names.map((name) => line(room, '', name)).join('')}` });

const FORCED = 'forced, asked for echo asked';
const FORCE = `echo forced, asked for \\"$SSH_ORIGINAL_COMMAND\\"`;
const FORCE_ARGUMENT = 'echo forced, asked for "$SSH_ORIGINAL_COMMAND"';

const keys: readonly TableRow[] = [
  byKey('an Ed25519 key', 'user', 'asked'),
  byKey('an ECDSA key on nistp256', 'ecdsa256', 'asked'),
  byKey('an ECDSA key on nistp384', 'ecdsa384', 'asked'),
  byKey('an ECDSA key on nistp521', 'ecdsa521', 'asked'),
  byKey('an RSA key', 'rsa', 'asked'),
  byKey('an RSA key with SHA-256', 'rsa', 'asked', ['PubkeyAcceptedAlgorithms=rsa-sha2-256']),
  byKey('an RSA key with SHA-1', 'rsa', 'refused', ['PubkeyAcceptedAlgorithms=ssh-rsa']),
  byKey('an RSA key of 1024 bits', 'shortRsa', 'refused'),
  {
    name: 'a key that is not listed',
    outcome: 'refused',
    make: ({ room }) => ({ server: { keys: line(room) }, client: room.show('stranger') }),
  },
  {
    name: 'a key behind comments, blank lines and damaged lines',
    outcome: 'asked',
    make: ({ room }) => ({
      server: { keys: `# ${room.line('stranger')}\n\nnonsense\nssh-ed25519 AAAA\n  ${line(room)}` },
      client: room.show('user'),
    }),
  },
  {
    name: 'a key whose second line admits it',
    outcome: 'asked',
    make: ({ room }) => ({
      server: { keys: line(room, 'from="203.0.113.1"') + line(room) },
      client: room.show('user'),
    }),
  },
  {
    name: 'a key whose line is not ended',
    outcome: 'asked',
    make: ({ room }) => ({ server: { keys: line(room).trimEnd() }, client: room.show('user') }),
  },
  {
    name: 'a key in a line with the type of another',
    outcome: 'refused',
    make: ({ room }) => ({
      server: { keys: line(room).replace('ssh-ed25519', 'ssh-rsa') },
      client: room.show('user'),
    }),
  },
];

const options: readonly TableRow[] = [
  byOptions('from="127.0.0.1"', 'asked'),
  byOptions('from="127.0.0.*"', 'asked'),
  byOptions('from="127.0.0.0/8"', 'asked'),
  byOptions('from="203.0.113.1,127.0.0.1"', 'asked'),
  byOptions('from="203.0.113.1"', 'refused'),
  byOptions('from="!127.0.0.1,*"', 'refused'),
  byOptions('from="!203.0.113.1,*"', 'asked'),
  byOptions('from="!203.0.113.1"', 'refused'),
  byOptions('expiry-time="20200101"', 'refused'),
  byOptions('expiry-time="20200101Z"', 'refused'),
  byOptions('expiry-time="20990101"', 'asked'),
  byOptions('expiry-time="209901011200"', 'asked'),
  byOptions('expiry-time="tomorrow"', 'refused'),
  byOptions(`command="${FORCE}"`, FORCED),
  byOptions('command="echo \\"a, b\\""', 'a, b'),
  byOptions('command="echo one",command="echo two"', 'refused'),
  byOptions('environment="GREETING=hello",command="echo $GREETING"', 'hello'),
  byOptions('unheard-of', 'refused'),
  byOptions('unheard-of="1",from="127.0.0.1"', 'refused'),
  byOptions('cert-authority', 'refused'),
  byOptions('no-agent-forwarding', 'asked', 'terminal'),
  byOptions('no-pty', 'no terminal', 'terminal'),
  byOptions('No-PTY', 'no terminal', 'terminal'),
  byOptions('restrict', 'no terminal', 'terminal'),
  byOptions('restrict,pty', 'asked', 'terminal'),
  byOptions('pty,restrict', 'no terminal', 'terminal'),
  byOptions('no-pty,no-user-rc', 'greeting', 'forward'),
  byOptions('no-port-forwarding', 'not forwarded', 'forward'),
  byOptions('restrict', 'not forwarded', 'forward'),
  byOptions('restrict,port-forwarding', 'greeting', 'forward'),
  byOptions('permitopen="127.0.0.1:GREETER"', 'greeting', 'forward'),
  byOptions('permitopen="127.0.0.1:*"', 'greeting', 'forward'),
  byOptions('permitopen="127.0.0.1:1"', 'not forwarded', 'forward'),
  byOptions('permitopen="127.0.0.2:GREETER"', 'not forwarded', 'forward'),
  byOptions('permitopen="127.0.0.1:1",permitopen="127.0.0.1:GREETER"', 'greeting', 'forward'),
];

const certificates: readonly TableRow[] = [
  byCertificate('for an Ed25519 key', OWN, 'asked'),
  byCertificate('for an ECDSA key by an ECDSA key', OWN, 'asked', {
    ...{ key: 'ecdsa256', authority: 'ecdsaCa', server: trusting('ecdsaCa') },
  }),
  byCertificate('for an RSA key by an RSA key', OWN, 'asked', {
    ...{ key: 'rsa', authority: 'rsaCa', server: trusting('rsaCa') },
  }),
  byCertificate('signed with RSA and SHA-256', [...OWN, '-t', 'rsa-sha2-256'], 'asked', {
    ...{ authority: 'rsaCa', server: trusting('rsaCa') },
  }),
  byCertificate('signed with RSA and SHA-1', [...OWN, '-t', 'ssh-rsa'], 'refused', {
    ...{ authority: 'rsaCa', server: trusting('rsaCa') },
  }),
  byCertificate('by an authority that is not trusted', OWN, 'refused', { authority: 'otherCa' }),
  byCertificate('by one of two authorities', OWN, 'asked', {
    authority: 'otherCa',
    server: (room) => ({ authorities: `${room.line('ca')}\n${room.line('otherCa')}\n` }),
  }),
  byCertificate('of a host', [...OWN, '-h'], 'refused'),
  byCertificate('for another user', ['-n', 'somebody'], 'refused'),
  byCertificate('for a user called differently in its letters', ['-n', 'ROOT,Root'], 'refused'),
  byCertificate('for several users', ['-n', 'somebody,USER,nobody'], 'asked'),
  byCertificate('for nobody in particular', [], 'refused'),
  byCertificate('that is over', [...OWN, '-V', '20200101:20200102'], 'refused'),
  byCertificate('that is yet to come', [...OWN, '-V', '20980101:20990101'], 'refused'),
  byCertificate('that is valid now', [...OWN, '-V', '-1h:+1h'], 'asked'),
  byCertificate('that is valid since long ago and for ever', [...OWN, '-V', 'always:forever'], 'asked'),
  byCertificate('with a forced command', [...OWN, '-O', `force-command=${FORCE_ARGUMENT}`], FORCED),
  byCertificate('for this address', [...OWN, '-O', 'source-address=127.0.0.1'], 'asked'),
  byCertificate('for this network and another', [...OWN, '-O', 'source-address=203.0.113.0/24,127.0.0.0/8'], 'asked'),
  byCertificate('for another address', [...OWN, '-O', 'source-address=203.0.113.1'], 'refused'),
  byCertificate('with an unknown critical option', [...OWN, '-O', 'critical:new@example.com=1'], 'refused'),
  byCertificate('with an unknown extension', [...OWN, '-O', 'extension:new@example.com=1'], 'asked'),
  byCertificate('with all extensions', OWN, 'asked', { wish: 'terminal' }),
  byCertificate('without extensions', [...OWN, '-O', 'clear'], 'no terminal', { wish: 'terminal' }),
  byCertificate('with permit-pty alone', [...OWN, '-O', 'clear', '-O', 'permit-pty'], 'asked', { wish: 'terminal' }),
  byCertificate('without permit-pty', [...OWN, '-O', 'no-pty'], 'no terminal', { wish: 'terminal' }),
  byCertificate('with all extensions', OWN, 'greeting', { wish: 'forward' }),
  byCertificate('without permit-port-forwarding', [...OWN, '-O', 'no-port-forwarding'], 'not forwarded', {
    wish: 'forward',
  }),
  byCertificate('without permit-pty', [...OWN, '-O', 'no-pty'], 'greeting', { wish: 'forward' }),
  byCertificate('by a role that the user has', ['-n', 'role'], 'asked', {
    server: () => ({ principals: ['other', 'role'] }),
  }),
  byCertificate('by a role that the user has not', ['-n', 'role'], 'refused', {
    server: () => ({ principals: ['other'] }),
  }),
  byCertificate('by the name of a user who has roles instead', OWN, 'refused', {
    server: () => ({ principals: ['role'] }),
  }),
  byCertificate('for a user who has no role', OWN, 'refused', { server: () => ({ principals: [] }) }),
  {
    name: 'a certified key without its certificate',
    outcome: 'refused',
    make: ({ room }) => ({ server: { authorities: `${room.line('ca')}\n` }, client: room.show('user') }),
  },
  {
    name: 'the key of an authority itself',
    outcome: 'refused',
    make: ({ room }) => ({ server: { authorities: `${room.line('ca')}\n` }, client: room.show('ca') }),
  },
];

const byLineOfAuthority = (options: string, args: Arguments, outcome: Outcome, wish: Wish = 'command'): TableRow =>
  byCertificate(`of ${args.join(' ')} under ${options}`, args, outcome, { server: onTermsOf(options), wish });

const authorities: readonly TableRow[] = [
  byLineOfAuthority('cert-authority', OWN, 'asked'),
  byLineOfAuthority('no-pty', OWN, 'refused'),
  byLineOfAuthority('cert-authority', ['-n', 'somebody'], 'refused'),
  byLineOfAuthority('cert-authority,principals="role,other"', ['-n', 'role'], 'asked'),
  byLineOfAuthority('cert-authority,principals="role"', OWN, 'refused'),
  byLineOfAuthority('cert-authority,principals="role,USER"', OWN, 'asked'),
  byLineOfAuthority('cert-authority', [...OWN, '-V', '20200101:20200102'], 'refused'),
  byLineOfAuthority('cert-authority,expiry-time="20200101"', OWN, 'refused'),
  byLineOfAuthority('cert-authority,from="203.0.113.1"', OWN, 'refused'),
  byLineOfAuthority('cert-authority,from="127.0.0.1"', [...OWN, '-O', 'source-address=203.0.113.1'], 'refused'),
  byLineOfAuthority(`cert-authority,command="${FORCE}"`, OWN, FORCED),
  byLineOfAuthority('cert-authority', [...OWN, '-O', `force-command=${FORCE_ARGUMENT}`], FORCED),
  byLineOfAuthority(`cert-authority,command="${FORCE}"`, [...OWN, '-O', `force-command=${FORCE_ARGUMENT}`], FORCED),
  byLineOfAuthority('cert-authority,command="echo one"', [...OWN, '-O', 'force-command=echo two'], 'refused'),
  byLineOfAuthority('cert-authority,no-pty', OWN, 'no terminal', 'terminal'),
  byLineOfAuthority('cert-authority', [...OWN, '-O', 'no-pty'], 'no terminal', 'terminal'),
  byLineOfAuthority('cert-authority,restrict', OWN, 'not forwarded', 'forward'),
  byLineOfAuthority('cert-authority', OWN, 'greeting', 'forward'),
];

const NUMBERED: Arguments = [...OWN, '-z', '1000'];

const revocations: readonly TableRow[] = [
  byCertificate('whose number is revoked', NUMBERED, 'refused', { server: revoking('serial: 1000') }),
  byCertificate('whose number is in a revoked range', NUMBERED, 'refused', { server: revoking('serial: 900-1100') }),
  byCertificate('whose number is one of many', NUMBERED, 'refused', {
    server: revoking('serial: 990', 'serial: 992', 'serial: 1000', 'serial: 1003', 'serial: 1006'),
  }),
  byCertificate('whose number is between the revoked', NUMBERED, 'asked', {
    server: revoking('serial: 999', 'serial: 1001-2000', 'serial: 1', 'serial: 100000'),
  }),
  byCertificate('without a number', OWN, 'asked', { server: revoking('serial: 1-18446744073709551615') }),
  byCertificate('whose identity is revoked', NUMBERED, 'refused', { server: revoking('id: table') }),
  byCertificate('when another identity is revoked', NUMBERED, 'asked', { server: revoking('id: tab') }),
  byCertificate('by another authority with a revoked number', NUMBERED, 'asked', {
    authority: 'otherCa',
    server: async (room) => ({ ...trusting('otherCa')(room), ...(await revoking('serial: 1000')(room)) }),
  }),
  byCertificate('for a revoked key', OWN, 'refused', { server: revoking('key: KEY(user)') }),
  byCertificate('for a key with a revoked SHA-256 digest', OWN, 'refused', { server: revoking('sha256: KEY(user)') }),
  byCertificate('for a key with a revoked SHA-1 digest', OWN, 'refused', { server: revoking('sha1: KEY(user)') }),
  byCertificate('by a revoked authority', OWN, 'refused', { server: revoking('key: KEY(ca)') }),
  byCertificate('by an authority with a revoked digest', OWN, 'refused', { server: revoking('sha256: KEY(ca)') }),
  byCertificate('by an authority listed in a text', OWN, 'refused', { server: listing('stranger', 'ca') }),
  byCertificate('for a key listed in a text', OWN, 'refused', { server: listing('user') }),
  byCertificate('when a text lists others', OWN, 'asked', { server: listing('stranger', 'otherCa') }),
  byCertificate('when nothing is revoked', OWN, 'asked', { server: revoking() }),
  byCertificate('when the list is none', OWN, 'refused', { server: () => ({ revoked: 'no list\n' }) }),
  byCertificate('when the list is cut', OWN, 'refused', {
    server: async (room) => ({ revoked: (await room.revoke('otherCa', 'serial: 1')).subarray(0, -1) }),
  }),
  {
    name: 'a certificate that is revoked as a whole',
    outcome: 'refused',
    make: async ({ room, user }) => {
      const client = await room.certify('user', 'ca', '-n', user, '-z', '77');
      const revoked = await room.revokeFiles(client.certificate ?? '');
      return { server: { authorities: `${room.line('ca')}\n`, revoked }, client };
    },
  },
  {
    name: 'a listed key that is revoked',
    outcome: 'refused',
    make: async ({ room }) => ({
      server: { keys: line(room), revoked: await room.revoke('ca', `key: ${room.line('user')}`) },
      client: room.show('user'),
    }),
  },
  {
    name: 'a listed key when another is revoked',
    outcome: 'asked',
    make: async ({ room }) => ({
      server: { keys: line(room), revoked: await room.revoke('ca', `key: ${room.line('stranger')}`) },
      client: room.show('user'),
    }),
  },
];

/** Cases that have to come out alike on both servers. */
export const TABLE: readonly TableRow[] = [...keys, ...options, ...certificates, ...authorities, ...revocations];

/** A case in which this package refuses what sshd lets in, and why. */
export interface StricterRow extends TableRow {
  readonly why: string;
}

/** Where this package is stricter, on purpose. `outcome` is that of sshd; ours is `refused`. */
export const STRICTER: readonly StricterRow[] = [
  {
    ...byLineOfAuthority('cert-authority', ['-O', 'clear'], 'asked'),
    why: 'a certificate that names no principals is valid for everybody, which nobody means',
  },
  {
    ...byOptions('verify-required', 'asked'),
    why: 'nothing verifies the user of a key that is in no security key',
  },
  {
    ...byCertificate(
      'with verify-required for a key that is in no security key',
      [...OWN, '-O', 'verify-required'],
      'asked',
    ),
    why: 'nothing verifies the user of such a key',
  },
  {
    ...byOptions('from="localhost,127.0.0.1"', 'asked'),
    why: 'names of hosts are not looked up, and a line that is not understood in full is not used',
  },
  {
    ...byOptions('environment="LD_LIBRARY_PATH=/nowhere"', 'asked'),
    why: 'variables that steer what is loaded and run get around a forced command',
  },
];
