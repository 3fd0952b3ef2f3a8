import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { createServer, decide, exec, generateHostKey, grantPublicKey, type Session, type SshServer } from 'rxsshd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { makeClientKeys } from '../support/client-keys.js';
import { digest } from '../support/digest.js';
import { OpenSshClient } from '../support/openssh-client.js';
import { requires } from '../support/requires.js';

const programs = requires(['ssh', 'ssh-keygen']);
const BLOCK = 64 * 1024;
const SIZE = 8 * 1024 * 1024;

/** `SIZE` bytes of numbered lines, so that a block that comes twice or is missing shows. */
const numbered = (letter: string): Buffer => {
  const lineLength = 16;
  const line = (_: unknown, index: number): string => `${letter} ${String(index).padStart(lineLength - 3, '0')}\n`;
  return Buffer.from(Array.from({ length: SIZE / lineLength }, line).join(''));
};

async function writeTo(output: Session['stdout'], bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += BLOCK) {
    if (!output.write(bytes.subarray(at, at + BLOCK))) await once(output, 'drain');
  }
}

const out = numbered('o');
const err = numbered('e');

describe.skipIf(programs.missing.length > 0)(programs.title('OpenSSH, standard output and standard error'), () => {
  let folder: string;
  let server: SshServer;
  let ssh: OpenSshClient;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-streams-'));
    const keys = await makeClientKeys(programs.path('ssh-keygen'), folder);
    const { hostKey } = await generateHostKey();
    server = await createServer({
      hostKeys: [hostKey],
      handlers: [
        decide('SSHUserAuthRequest', grantPublicKey(await readFile(keys.authorizedKeys, 'utf8'))),
        exec('in-turn', async ({ stdout, stderr }) => {
          await writeTo(stdout, out);
          await writeTo(stderr, err);
          return 3;
        }),
        exec('at-once', async ({ stdout, stderr }) => {
          await Promise.all([writeTo(stdout, out), writeTo(stderr, err)]);
          return 4;
        }),
        exec('error-only', async ({ stdout, stderr }) => {
          stdout.end();
          await writeTo(stderr, err);
          return 5;
        }),
      ],
    });
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    const port = typeof address === 'string' ? 0 : address.port;
    ssh = new OpenSshClient({
      program: programs.path('ssh'),
      server: { host: '127.0.0.1', port },
      key: keys.ed25519,
      env: { HOME: folder },
    });
  });

  afterAll(async () => {
    await server.shutdown();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    ['in-turn', 'one after the other', out, 3],
    ['at-once', 'both at once', out, 4],
    ['error-only', 'on standard error alone, after the end of standard output', Buffer.alloc(0), 5],
  ])('ssh gets 8 MiB %s: %s', async (command, _how, expectedOutput, expectedStatus) => {
    const { status, stdout, stderr } = await ssh.run(command);

    expect(status).toBe(expectedStatus);
    expect(stdout.length).toBe(expectedOutput.length);
    expect(digest(stdout)).toBe(digest(expectedOutput));
    expect(stderr.length).toBe(err.length);
    expect(digest(Buffer.from(stderr))).toBe(digest(err));
  });
});
