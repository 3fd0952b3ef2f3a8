import { randomBytes } from 'node:crypto';

import { ALGORITHM_PRESETS, createServer, decide, exec, generateHostKey, grantPassword } from 'rxsshd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { KeyKind } from '../support/client-keys.js';
import { ClientSite } from '../support/client-site.js';
import { digest } from '../support/digest.js';
import { requires } from '../support/requires.js';
import { type ProgramOptions, runProgram } from '../support/running-program.js';

const programs = requires(['dbclient', 'dropbearconvert', 'ssh-keygen']);
const MIB = 1024 * 1024;

describe.skipIf(programs.missing.length > 0)(programs.title('Dropbear'), () => {
  let site: ClientSite;

  beforeAll(async () => {
    // Dropbear 2022 has no MAC that is computed behind encryption, and needs one for the ciphers without their own.
    site = await ClientSite.open({ keygen: programs.path('ssh-keygen'), settings: { ALGORITHMS: 'compatible' } });
  });

  afterAll(() => site.close());

  interface Call extends ProgramOptions {
    readonly port?: number;
    /** A key in Dropbear's own form. */
    readonly key?: string;
    readonly password?: string;
    readonly flags?: readonly string[];
  }

  function dbclient(command: string, { port, key, password, flags = [], ...options }: Call) {
    const { server, environment } = site;
    // Twice -y: the host key is neither known nor to be remembered.
    const args = ['-y', '-y', ...(key === undefined ? [] : ['-i', key]), ...flags];
    const target = ['-p', String(port ?? server.port), '-l', 'demo', server.host, ...command.split(' ')];
    const env = { ...environment, ...(password === undefined ? {} : { DROPBEAR_PASSWORD: password }) };
    return runProgram(programs.path('dbclient'), [...args, ...target], { ...options, env });
  }

  async function convert(kind: KeyKind): Promise<string> {
    const key = site.path(`${kind}.dropbear`);
    const args = ['openssh', 'dropbear', site.keys[kind], key];
    expect(await runProgram(programs.path('dropbearconvert'), args)).toMatchObject({ status: 0 });
    return key;
  }

  it.each<KeyKind>(['ed25519', 'ecdsa256', 'ecdsa384', 'ecdsa521', 'rsa'])(
    'dbclient signs in with an authorised %s key',
    async (kind) => {
      const { status, stdout } = await dbclient('whoami', { key: await convert(kind) });

      expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: 'demo\n' });
    },
  );

  it('dbclient signs in with the password and returns the exit status', async () => {
    expect(await dbclient('exit 7', { password: 'demo' })).toMatchObject({ status: 7 });
  });

  it('dbclient is refused with a wrong password, and cut off when it goes on trying', async () => {
    const { stdout, stderr } = await dbclient('whoami', { password: 'wrong' });

    expect(stdout.toString()).toBe('');
    expect(stderr).toContain('Disconnect received');
  });

  it.each(['chacha20-poly1305@openssh.com', 'aes128-ctr', 'aes256-ctr'])(
    'dbclient gets 3 MiB back through cat as it sent them, with %s',
    async (cipher) => {
      const input = randomBytes(3 * MIB);
      const flags = ['-c', cipher, '-m', 'hmac-sha2-256'];
      const { status, stdout } = await dbclient('cat', { password: 'demo', input, flags });

      expect(status).toBe(0);
      expect(digest(stdout)).toBe(digest(input));
    },
  );

  it.each([
    ['right: the packet it sent ahead is taken', ['curve25519-sha256']],
    ['wrong: the packet it sent ahead is dropped', ['ecdh-sha2-nistp521', 'curve25519-sha256']],
    ['wrong since the hybrid comes first', ALGORITHM_PRESETS.modern.keyExchange],
  ])('dbclient gets in with a guess of the key exchange that is %s', async (_what, keyExchange) => {
    const { hostKey } = await generateHostKey();
    await using server = await createServer({
      hostKeys: [hostKey],
      algorithms: { keyExchange },
      handlers: [
        decide(
          'SSHUserAuthRequest',
          grantPassword((_user, password) => password === 'demo'),
        ),
        exec('whoami', ({ user }) => user),
      ],
    });
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    const port = typeof address === 'string' ? 0 : address.port;

    expect(await dbclient('whoami', { port, password: 'demo' })).toMatchObject({
      status: 0,
      stdout: Buffer.from('demo'),
    });
  });
});
