import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { OpenSshClient } from '../../../test/support/openssh-client.js';
import { requires } from '../../../test/support/requires.js';
import { RunningProgram } from '../../../test/support/running-program.js';
import { AuthorizationServer, PUBLIC_CLIENT } from './authorization-server.js';

const programs = requires(['ssh']);

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** Two servers start, and real clients run, on a machine that may be busy. */
const TIMEOUT_MS = 60_000;

describe.skipIf(programs.missing.length > 0)(
  programs.title('the example of the README, with an authorization server and OpenSSH'),
  { timeout: TIMEOUT_MS },
  () => {
    let folder: string;
    let authorizationServer: AuthorizationServer;
    let program: RunningProgram;
    let ssh: OpenSshClient;

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-oidc-'));
      // Presses Enter, whatever is asked.
      await writeFile(path.join(folder, 'enter'), '#!/bin/sh\necho\n');
      await chmod(path.join(folder, 'enter'), 0o700);
      authorizationServer = await AuthorizationServer.start();
      program = RunningProgram.start(
        process.execPath,
        ['--import', 'tsx', 'plugins/oidc/examples/sign-in-with-browser.ts'],
        {
          cwd: ROOT,
          deadlineMs: 5 * TIMEOUT_MS,
          env: { OIDC_ISSUER: authorizationServer.issuer, OIDC_CLIENT_ID: PUBLIC_CLIENT, PORT: '0', STATE_DIR: folder },
        },
      );
      const [, port] = await program.said(/port: (\d+)/);
      ssh = new OpenSshClient({
        program: programs.path('ssh'),
        server: { host: '127.0.0.1', port: Number(port) },
        env: { HOME: folder },
      });
    }, TIMEOUT_MS);

    afterAll(async () => {
      await program[Symbol.asyncDispose]();
      await authorizationServer[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    });

    /** Starts OpenSSH and waits for the code that it shows. */
    async function signIn(user: string) {
      const settings = ['LogLevel=INFO', 'PreferredAuthentications=keyboard-interactive', 'NumberOfPasswordPrompts=1'];
      const client = RunningProgram.start(
        programs.path('ssh'),
        ssh.arguments('whoami', { settings, flags: ['-l', user] }),
        { env: { HOME: folder, SSH_ASKPASS: path.join(folder, 'enter'), SSH_ASKPASS_REQUIRE: 'force' } },
      );
      const [, userCode = ''] = await client.said(/and enter the code ([\w-]+)/);
      return { client, userCode };
    }

    it('lets in who signs in, and nobody else', async () => {
      const [ann, bob, carl] = [await signIn('ann'), await signIn('bob'), await signIn('carl')];
      await authorizationServer.approve(ann.userCode, 'ann');
      await authorizationServer.approve(bob.userCode, 'mallory');
      await authorizationServer.refuse(carl.userCode);
      const outcomes = await Promise.all([ann, bob, carl].map(({ client }) => client.finished));

      expect(outcomes.map(({ status, stdout }) => [status, stdout.toString()])).toEqual([
        [0, 'ann\n'],
        [255, ''],
        [255, ''],
      ]);
      expect(ann.client.stderrSoFar).toContain(`To sign in, open ${authorizationServer.issuer}/device in a browser`);
    });
  },
);
