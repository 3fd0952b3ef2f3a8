import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { makeKey } from '../../../test/support/client-keys.js';
import { OpenSshClient } from '../../../test/support/openssh-client.js';
import { requires } from '../../../test/support/requires.js';
import { RunningProgram } from '../../../test/support/running-program.js';
import { DirectoryProxy } from './directory-proxy.js';
import { PEOPLE, SERVICE, Slapd } from './slapd.js';

const programs = requires(['ssh', 'ssh-keygen', 'sshpass', 'slapd', 'slapadd', 'openssl']);

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** Two servers start, and real clients run, on a machine that may be busy. */
const TIMEOUT_MS = 60_000;

const AS_ANN = ['-l', 'ann'];

describe.skipIf(programs.missing.length > 0)(
  programs.title('the example of the README, with a slapd and OpenSSH'),
  { timeout: TIMEOUT_MS },
  () => {
    let folder: string;
    let key: string;
    let slapd: Slapd;
    let proxy: DirectoryProxy;
    let program: RunningProgram;
    let ssh: OpenSshClient;

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-ldap-example-'));
      key = await makeKey(programs.path('ssh-keygen'), 'ed25519', path.join(folder, 'key'));
      slapd = await Slapd.start();
      proxy = await DirectoryProxy.start(slapd);
      program = RunningProgram.start(
        process.execPath,
        ['--import', 'tsx', 'plugins/ldap/examples/company-directory.ts'],
        {
          cwd: ROOT,
          deadlineMs: 5 * TIMEOUT_MS,
          env: {
            LDAP_URL: `ldap://127.0.0.1:${String(proxy.port)}`,
            LDAP_CA: slapd.caFile,
            LDAP_PASSWORD: SERVICE.password,
            PORT: '0',
            STATE_DIR: folder,
          },
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
      await proxy[Symbol.asyncDispose]();
      await slapd[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    });

    const signIn = (user: string, password: string) =>
      ssh.runWithPassword(programs.path('sshpass'), password, 'whoami', { flags: ['-l', user] });

    it('signs in with a password of the directory, and with no other', async () => {
      const { status, stdout } = await signIn('ann', "ann's secret");

      expect([status, stdout.toString()]).toEqual([0, 'ann\n']);
      expect(await signIn('ann', 'wrong')).toMatchObject({ status: 255 });
      expect(await signIn('ANN', "ann's secret")).toMatchObject({ status: 255 });
      expect(await signIn('carl', "carl's secret")).toMatchObject({ status: 255 });
      // Not in the group.
      expect(await signIn('bob', "bob's secret")).toMatchObject({ status: 255 });
    });

    it('signs in with a key of the directory, as its options say, as long as it is there', async () => {
      const line = (await readFile(`${key}.pub`, 'utf8')).trim();
      const call = { key, flags: AS_ANN };
      expect(await ssh.run('whoami', call)).toMatchObject({ status: 255 });

      await slapd.set(`uid=ann,${PEOPLE}`, 'sshPublicKey', [line]);
      expect(await ssh.run('whoami', call)).toMatchObject({ status: 0 });
      await slapd.set(`uid=ann,${PEOPLE}`, 'sshPublicKey', [`from="192.0.2.1" ${line}`]);
      expect(await ssh.run('whoami', call)).toMatchObject({ status: 255 });
    });

    it('lets nobody in while the directory is gone, and everybody as soon as it is back', async () => {
      await slapd.kill();
      expect(await signIn('ann', "ann's secret")).toMatchObject({ status: 255 });

      await slapd.start();
      expect(await signIn('ann', "ann's secret")).toMatchObject({ status: 0 });
    });
  },
);
