import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { OpenSshClient } from '../../../test/support/openssh-client.js';
import { requires } from '../../../test/support/requires.js';
import { type FinishedProgram, runProgram, RunningProgram } from '../../../test/support/running-program.js';

const programs = requires(['ssh']);
const ROOT = path.resolve(import.meta.dirname, '../../..');
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

/** A server starts, and real clients run, on a machine that may be busy. */
const TIMEOUT_MS = 60_000;

/** What answers the questions of `ssh`, as a window would. */
const ASKPASS = `#!/bin/sh
case "$1" in
  *assword*) printf '%s\\n' "$PASSWORD" ;;
  *'ode: '*) printf '%s\\n' "$CODE" ;;
esac
`;

describe.skipIf(programs.missing.length > 0)(programs.title('OpenSSH and the example of README.md'), () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'rxsshd-totp-'));
  const askpass = path.join(folder, 'askpass');
  let server: RunningProgram;
  let client: OpenSshClient;

  beforeAll(async () => {
    writeFileSync(askpass, ASKPASS, { mode: 0o700 });
    const args = [
      '--import',
      import.meta.resolve('tsx'),
      path.join(ROOT, 'plugins/totp/examples/password-and-code.ts'),
    ];
    const env = { PORT: '0', TOTP_SECRET: SECRET, TSX_TSCONFIG_PATH: path.join(ROOT, 'tsconfig.json') };
    server = RunningProgram.start(process.execPath, args, { cwd: folder, env, deadlineMs: 5 * TIMEOUT_MS });
    const [, port] = await server.said(/listening on .*port: (\d+)/);
    client = new OpenSshClient({
      program: programs.path('ssh'),
      server: { host: '127.0.0.1', port: Number(port) },
      env: {},
    });
  }, TIMEOUT_MS);

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  /** Signs in with what is typed. */
  const signIn = (password: string, code: string): Promise<FinishedProgram> => {
    const settings = ['NumberOfPasswordPrompts=1', 'PubkeyAuthentication=no'];
    const args = client.arguments('hello', { key: null, settings });
    const env = { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force', PASSWORD: password, CODE: code };
    return runProgram(programs.path('ssh'), args, { env });
  };
  const greeted = { status: 0, stdout: Buffer.from('hello demo\n') };
  const refused = (methods: string): object => ({
    status: 255,
    stderr: expect.stringContaining(`Permission denied (${methods}).`) as string,
  });

  it(
    'sign in with the password and a code of the application, each code once',
    async () => {
      const code = new TOTP({ secret: SECRET }).generate();

      expect(await signIn('wrong', code)).toMatchObject(refused('password'));
      expect(await signIn('demo', 'wrong')).toMatchObject(refused('keyboard-interactive'));
      expect(await signIn('demo', code)).toMatchObject(greeted);
      expect(await signIn('demo', code)).toMatchObject(refused('keyboard-interactive'));
    },
    TIMEOUT_MS,
  );

  it(
    'sign in with the password and a recovery code, each once',
    async () => {
      const [code = ''] = await server.said(/^(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}$/m);

      expect(await signIn('demo', code.toLowerCase())).toMatchObject(greeted);
      expect(await signIn('demo', code)).toMatchObject(refused('keyboard-interactive'));
    },
    TIMEOUT_MS,
  );
});
