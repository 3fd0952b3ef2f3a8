import { randomBytes } from 'node:crypto';
import { runOpenssh, type ClientResult, type ClientRun } from './clients/openssh-client.js';
import type { ExecWord, RunningServer, ServerUnderTest, Surroundings } from './servers/server-under-test.js';

/**
 * Starts a server once, returns its identification, and checks that it does what the measures assume, because a server
 * that answers wrongly is often a fast one.
 *
 * @throws Error that says which word failed, and how.
 */
export async function rehearse(server: ServerUnderTest, surroundings: Surroundings): Promise<string> {
  const running = await server.start(surroundings);
  try {
    await checkWords(server, running, surroundings);
    return running.identification;
  } finally {
    await running.stop();
  }
}

async function checkWords(server: ServerUnderTest, running: RunningServer, surroundings: Surroundings): Promise<void> {
  const payload = randomBytes(300_000);
  const words: readonly [ExecWord, Omit<ClientRun, 'command'>, (result: ClientResult) => boolean][] = [
    [{ word: 'true' }, {}, ({ status }) => status === 0],
    [{ word: 'exit', status: 7 }, {}, ({ status }) => status === 7],
    [{ word: 'sink' }, { input: payload }, ({ status }) => status === 0],
    [
      { word: 'source', bytes: 300_001 },
      { capture: true },
      ({ status, stdout }) => status === 0 && stdout.length === 300_001,
    ],
    [
      { word: 'cat' },
      { input: payload, capture: true },
      ({ status, stdout }) => status === 0 && stdout.equals(payload),
    ],
  ];
  for (const [word, run, isRight] of words) {
    if (server.words?.includes(word.word) === false) continue;
    const result = await runOpenssh(surroundings, running, { ...run, command: server.commandFor(word) });
    if (isRight(result)) continue;
    const { status, stdout, stderr } = result;
    throw new Error(`"${word.word}": status ${String(status)}, ${String(stdout.length)} bytes of output; ${stderr}`);
  }
}
