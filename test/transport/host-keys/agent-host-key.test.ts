import { createServer, type Server } from 'node:net';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { agentHostKey, generateHostKey, type HostKeyAlgorithm } from '../../../src/index.js';
import { makeKey } from '../../support/client-keys.js';
import { requires } from '../../support/requires.js';
import { RunningProgram, runProgram } from '../../support/running-program.js';

const programs = requires(['ssh-agent', 'ssh-add', 'ssh-keygen']);
const data = Buffer.from('what is to be signed');

describe.skipIf(programs.missing.length > 0)(programs.title('a host key in ssh-agent'), () => {
  let folder: string;
  let socket: string;
  let agent: RunningProgram;
  let made = 0;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-agent-'));
    socket = path.join(folder, 'agent.sock');
    agent = RunningProgram.start(programs.path('ssh-agent'), ['-D', '-a', socket]);
    await agent.said(/SSH_AUTH_SOCK/u);
  });

  afterAll(async () => {
    agent.kill('SIGTERM');
    await agent.finished;
    await rm(folder, { recursive: true });
  });

  async function keyInAgent(kind: 'ed25519' | 'ecdsa256' | 'ecdsa521' | 'rsa'): Promise<string> {
    const file = await makeKey(programs.path('ssh-keygen'), kind, path.join(folder, `${kind}-${String((made += 1))}`));
    const { status, stderr } = await runProgram(programs.path('ssh-add'), [file], { env: { SSH_AUTH_SOCK: socket } });
    if (status !== 0) throw new Error(stderr);
    return readFile(`${file}.pub`, 'utf8');
  }

  it.each([
    ['ed25519', ['ssh-ed25519']],
    ['ecdsa256', ['ecdsa-sha2-nistp256']],
    ['ecdsa521', ['ecdsa-sha2-nistp521']],
    ['rsa', ['rsa-sha2-512', 'rsa-sha2-256']],
  ] as const)('of type %s signs there', async (kind, algorithms) => {
    const key = await agentHostKey(socket, await keyInAgent(kind));

    expect(key.algorithms).toEqual(algorithms);
    // Each is verified before it is handed out.
    for (const algorithm of algorithms as readonly HostKeyAlgorithm[]) {
      for (let run = 0; run < 8; run += 1) await expect(key.sign(data, algorithm)).resolves.toBeInstanceOf(Uint8Array);
    }
  });

  it('that is not there is refused at the start', async () => {
    const { hostKey } = await generateHostKey();

    await expect(agentHostKey(socket, hostKey.publicBlob)).rejects.toThrow(
      `host key in the agent ${socket}: it does not hold the key ${hostKey.fingerprint}; add it with ssh-add`,
    );
  });

  it('that is taken out later fails to sign', async () => {
    const key = await agentHostKey(socket, await keyInAgent('ed25519'));
    await runProgram(programs.path('ssh-add'), ['-D'], { env: { SSH_AUTH_SOCK: socket } });

    await expect(key.sign(data, 'ssh-ed25519')).rejects.toThrow('the agent refuses to sign');
  });
});

describe('an agent', () => {
  it('that cannot be reached is an error that names its socket', async () => {
    const { hostKey } = await generateHostKey();

    await expect(agentHostKey('/nowhere/agent.sock', hostKey.publicBlob)).rejects.toMatchObject({
      code: 'ERR_SSH_HOST_KEY',
      message: expect.stringContaining('host key in the agent /nowhere/agent.sock: connect ENOENT') as unknown,
    });
  });

  async function fakeAgent(reply: Buffer | undefined): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-agent-'));
    const server: Server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => {
        if (reply === undefined) socket.end();
        else socket.write(reply);
      });
    });
    const socketPath = path.join(folder, 'agent.sock');
    await new Promise<void>((resolve) => {
      server.listen(socketPath, resolve);
    });
    onTestFinished(async () => {
      server.close();
      await rm(folder, { recursive: true });
    });
    return socketPath;
  }

  it.each([
    ['hangs up', undefined, 'closed the connection without an answer'],
    ['says a length of nothing', Buffer.alloc(4), 'answers with what is no message'],
    ['says a length of a gigabyte', Buffer.of(0x40, 0, 0, 0), 'answers with what is no message'],
    ['refuses', Buffer.of(0, 0, 0, 1, 5), 'does not tell its keys; is it locked?'],
    [
      'lists more keys than it sends',
      Buffer.of(0, 0, 0, 5, 12, 255, 255, 255, 255),
      'answers with what is no list of keys',
    ],
  ])('that %s is refused', async (_, reply, message) => {
    const { hostKey } = await generateHostKey();

    await expect(agentHostKey(await fakeAgent(reply), hostKey.publicBlob)).rejects.toThrow(message);
  });
});
