import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { OpenSshClient } from '../../../test/support/openssh-client.js';
import { requires } from '../../../test/support/requires.js';
import { RunningProgram } from '../../../test/support/running-program.js';

const programs = requires(['ssh', 'sshpass']);
const ROOT = path.resolve(import.meta.dirname, '../../..');

/** A server starts, and real clients run, on a machine that may be busy. */
const TIMEOUT_MS = 60_000;

describe.skipIf(programs.missing.length > 0)(programs.title('OpenSSH and the example of README.md'), () => {
  it(
    'sign in a user whose hash was imported, and whose next hash is one of argon2id',
    async () => {
      const cwd = mkdtempSync(path.join(tmpdir(), 'rxsshd-passwords-'));
      const args = [
        '--import',
        import.meta.resolve('tsx'),
        path.join(ROOT, 'plugins/passwords/examples/imported-hashes.ts'),
      ];
      const env = { PORT: '0', TSX_TSCONFIG_PATH: path.join(ROOT, 'tsconfig.json') };
      await using server = RunningProgram.start(process.execPath, args, { cwd, env, deadlineMs: 2 * TIMEOUT_MS });
      const [, port] = await server.said(/listening on .*port: (\d+)/);
      const address = { host: '127.0.0.1', port: Number(port) };
      const client = new OpenSshClient({ program: programs.path('ssh'), server: address, env: {} });
      const signIn = (password: string) => client.runWithPassword(programs.path('sshpass'), password, 'scheme');

      expect(await signIn('wrong')).toMatchObject({ status: 255 });
      const first = await signIn('demo');
      expect(first).toMatchObject({ status: 0 });
      // The new hash is made once the user is in, so perhaps after the first command has asked.
      expect(['2b\n', 'argon2id\n']).toContain(first.stdout.toString());
      expect(await signIn('demo')).toMatchObject({ status: 0, stdout: Buffer.from('argon2id\n') });
      rmSync(cwd, { recursive: true });
    },
    TIMEOUT_MS,
  );
});
