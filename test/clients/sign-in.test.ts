import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import {
  type ApplicationServer,
  createServer,
  decide,
  exec,
  forUsers,
  generateHostKey,
  grantCertificate,
  grantKeyboardInteractive,
  grantPassword,
  grantPublicKey,
  requireMethods,
} from 'rxsshd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clientFixture } from '../support/client-fixture.js';
import { makeKey } from '../support/client-keys.js';
import { requires } from '../support/requires.js';
import { type FinishedProgram, runProgram } from '../support/running-program.js';

/** What a client is to do. */
interface SignIn {
  readonly port: number;
  readonly fingerprint: string;
  readonly user: string;
  readonly method: 'password' | 'key' | 'certificate' | 'second-factor';
  /** The password, and the answer to each question after it. */
  readonly secret: string;
  readonly key: string;
  readonly certificate: string;
  /** A folder that the client may fill. */
  readonly folder: string;
}

interface ClientProgram {
  readonly name: string;
  readonly requirement: ReturnType<typeof requires>;
  /** What it does beside signing in, such as building itself. */
  readonly prepare?: (folder: string) => Promise<unknown>;
  readonly run: (wanted: SignIn) => Promise<FinishedProgram>;
  /** What it cannot do. */
  readonly cannot?: readonly SignIn['method'][];
}

const HOST = '127.0.0.1';
const keygen = requires(['ssh-keygen']);

/** A program of ours, for a library: it takes what it needs as arguments. */
const byArguments = (wanted: SignIn): readonly string[] => [
  ...[HOST, String(wanted.port), wanted.user, wanted.method, wanted.secret, wanted.key, wanted.certificate],
];

const environment = ({ folder }: SignIn) => ({ HOME: folder, LANG: 'C.UTF-8', TERM: 'dumb' });

/** A client that asks a person, whom `expect` plays. */
const asked = (requirement: ReturnType<typeof requires>, wanted: SignIn, program: string, args: readonly string[]) =>
  runProgram(
    requirement.path('expect'),
    [clientFixture('sign-in.exp'), wanted.secret, requirement.path(program), ...args],
    { env: environment(wanted) },
  );

/** ssh-keygen, puttygen and the compilers: what fails there is no matter of the server. */
async function tool(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stderr } = await runProgram(program, args, { env });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

const openssh = requires(['ssh', 'expect']);
const putty = requires(['plink', 'puttygen', 'expect']);
const dropbear = requires(['dbclient', 'dropbearconvert', 'expect']);
const paramiko = requires([], { pythonModules: ['paramiko'] });
const asyncssh = requires([], { pythonModules: ['asyncssh'] });
const libssh = requires(['gcc'], { files: ['/usr/include/libssh/libssh.h'] });
const go = requires(['go'], { files: ['/usr/share/gocode/src/golang.org/x/crypto/ssh'] });

const CLIENTS: readonly ClientProgram[] = [
  {
    name: 'OpenSSH',
    requirement: openssh,
    run: (wanted) => {
      const shown = {
        password: ['PubkeyAuthentication=no'],
        'second-factor': ['PubkeyAuthentication=no'],
        key: [`IdentityFile=${wanted.key}`],
        certificate: [`IdentityFile=${wanted.key}`, `CertificateFile=${wanted.certificate}`],
      }[wanted.method];
      const settings = [
        ...shown,
        ...['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'IdentitiesOnly=yes', 'IdentityAgent=none'],
        ...['NumberOfPasswordPrompts=1', 'LogLevel=ERROR'],
      ];
      return asked(openssh, wanted, 'ssh', [
        ...['-F', '/dev/null', ...settings.flatMap((setting) => ['-o', setting])],
        ...['-p', String(wanted.port), '-l', wanted.user, HOST, 'whoami'],
      ]);
    },
  },
  {
    name: 'plink',
    requirement: putty,
    run: async (wanted) => {
      const { user, method, secret, fingerprint } = wanted;
      const ppk = path.join(wanted.folder, 'key.ppk');
      await tool(putty.path('puttygen'), [wanted.key, '-O', 'private', '-o', ppk]);
      const shown = {
        password: ['-pw', secret],
        // With -pw it would ask nothing any more.
        'second-factor': [],
        key: ['-i', ppk],
        certificate: ['-i', ppk, '-cert', wanted.certificate],
      }[method];
      return asked(putty, wanted, 'plink', [
        ...['-ssh', '-noagent', '-no-antispoof', '-P', String(wanted.port), '-l', user, '-hostkey', fingerprint],
        ...[...shown, HOST, 'whoami'],
      ]);
    },
  },
  {
    name: 'dbclient',
    requirement: dropbear,
    cannot: ['certificate'],
    run: async (wanted) => {
      const key = path.join(wanted.folder, 'key.dropbear');
      await tool(dropbear.path('dropbearconvert'), ['openssh', 'dropbear', wanted.key, key]);
      return asked(dropbear, wanted, 'dbclient', [
        // Twice -y: the host key is neither known nor to be remembered.
        ...['-y', '-y', ...(wanted.method === 'key' ? ['-i', key] : [])],
        ...['-p', String(wanted.port), '-l', wanted.user, HOST, 'whoami'],
      ]);
    },
  },
  {
    name: 'Paramiko',
    requirement: paramiko,
    run: (wanted) =>
      runProgram(
        paramiko.path('python3'),
        ['-W', 'ignore', clientFixture('sign_in_paramiko.py'), ...byArguments(wanted)],
        { env: environment(wanted) },
      ),
  },
  {
    name: 'AsyncSSH',
    requirement: asyncssh,
    run: (wanted) =>
      runProgram(
        asyncssh.path('python3'),
        ['-W', 'ignore', clientFixture('sign_in_asyncssh.py'), ...byArguments(wanted)],
        { env: environment(wanted) },
      ),
  },
  {
    name: 'libssh',
    requirement: libssh,
    prepare: (folder) =>
      tool(libssh.path('gcc'), [
        ...['-Wall', '-Wextra', '-Werror', '-o', path.join(folder, 'libssh')],
        ...[clientFixture('sign_in.c'), '-lssh'],
      ]),
    run: (wanted) => runProgram(path.join(wanted.folder, 'libssh'), byArguments(wanted), { env: environment(wanted) }),
  },
  {
    name: 'Go',
    requirement: go,
    prepare: (folder) =>
      tool(go.path('go'), ['build', '-o', path.join(folder, 'go'), clientFixture('sign_in.go')], {
        // The packages of the distribution, and nothing from elsewhere.
        ...{ HOME: folder, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: path.join(folder, 'go-cache') },
      }),
    run: (wanted) => runProgram(path.join(wanted.folder, 'go'), byArguments(wanted), { env: environment(wanted) }),
  },
];

const METHODS = [
  { method: 'password', user: 'by-password', secret: 'word' },
  { method: 'key', user: 'by-key', secret: 'unused' },
  { method: 'certificate', user: 'by-certificate', secret: 'unused' },
  { method: 'second-factor', user: 'by-both', secret: 'word' },
] as const;

/** What a client must not get in with: the other things are right. */
const WRONG = [
  { what: 'a wrong password', method: 'password', user: 'by-password', secret: 'other' },
  { what: 'a key of somebody else', method: 'key', user: 'by-certificate', secret: 'unused' },
  { what: 'a certificate of somebody else', method: 'certificate', user: 'by-key-of-another', secret: 'unused' },
  { what: 'a password alone where more is wanted', method: 'password', user: 'by-both-and-more', secret: 'word' },
  { what: 'a wrong second factor', method: 'second-factor', user: 'by-both-and-more', secret: 'word' },
] as const;

describe.skipIf(keygen.missing.length > 0)(keygen.title('signing in'), () => {
  let folder: string;
  let server: ApplicationServer;
  let wanted: Omit<SignIn, 'user' | 'method' | 'secret'>;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-sign-in-'));
    const program = keygen.path('ssh-keygen');
    const [key, ca] = await Promise.all(
      ['key', 'ca'].map((name) => makeKey(program, 'ed25519', path.join(folder, name))),
    );
    const certified = path.join(folder, 'certified');
    await Promise.all([copyFile(key ?? '', certified), copyFile(`${key ?? ''}.pub`, `${certified}.pub`)]);
    await tool(program, ['-q', '-s', ca ?? '', '-I', 'id', '-n', 'by-certificate', `${certified}.pub`]);
    const { hostKey } = await generateHostKey('ssh-ed25519');
    const both = ['by-both', 'by-both-and-more'];
    server = await createServer({
      hostKeys: [hostKey],
      // Dropbear 2022 has no MAC that is computed behind encryption, and needs one for the ciphers without their own.
      algorithms: 'compatible',
      authMethods: ['publickey', 'password', 'keyboard-interactive'],
      handlers: [
        decide('SSHUserAuthRequest', forUsers(both, requireMethods('password+keyboard-interactive')), {
          phase: 'limit',
        }),
        decide(
          'SSHUserAuthRequest',
          forUsers(
            ['by-password', ...both],
            grantPassword((_user, password) => password === 'word'),
          ),
        ),
        decide(
          'SSHUserAuthRequest',
          forUsers(
            both,
            grantKeyboardInteractive({
              prompts: [{ text: 'Code: ' }],
              verify: (user, [code]) => code === (user === 'by-both' ? 'word' : 'another'),
            }),
          ),
        ),
        decide('SSHUserAuthRequest', grantPublicKey(await readFile(`${key ?? ''}.pub`, 'utf8'), { user: 'by-key' })),
        decide('SSHUserAuthRequest', grantCertificate({ authorities: await readFile(`${ca ?? ''}.pub`, 'utf8') })),
        exec('whoami', (session) => [`signed in as ${session.user}\n`, 0]),
      ],
    });
    const address = await server.listen({ host: HOST, port: 0 });
    wanted = {
      port: typeof address === 'string' ? 0 : address.port,
      fingerprint: hostKey.fingerprint,
      key: key ?? '',
      certificate: `${certified}-cert.pub`,
      folder,
    };
  });

  afterAll(async () => {
    await server.shutdown();
    await rm(folder, { recursive: true, force: true });
  });

  describe.each(CLIENTS)('$name', ({ requirement, prepare, run, cannot = [] }) => {
    const isMissing = requirement.missing.length > 0;
    let own: string;
    beforeAll(async () => {
      if (isMissing) return;
      own = await mkdtemp(path.join(folder, 'client-'));
      await prepare?.(own);
    });

    describe.skipIf(isMissing)(requirement.title('with the programs it takes'), () => {
      it.each(METHODS.filter(({ method }) => !cannot.includes(method)))(
        'gets in: $method',
        async ({ method, user, secret }) => {
          const { status, stdout, stderr } = await run({ ...wanted, method, user, secret, folder: own });
          expect({ status, stdout: stdout.toString(), stderr }).toMatchObject({
            status: 0,
            stdout: expect.stringContaining(`signed in as ${user}`) as unknown,
          });
        },
      );

      it.each(WRONG.filter(({ method }) => !cannot.includes(method)))(
        'does not get in: $what',
        async ({ method, user, secret }) => {
          const { stdout } = await run({ ...wanted, method, user, secret, folder: own });
          // The status tells nothing: Dropbear ends with 0 when it is cut off.
          expect(stdout.toString()).not.toContain('signed in');
        },
      );
    });
  });
});
