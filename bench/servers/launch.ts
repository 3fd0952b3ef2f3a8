import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '../deadline.js';
import { messageOf } from '../message-of.js';
import type { RunningServer, Surroundings } from './server-under-test.js';

/** How to start one server process. */
export interface Launch {
  readonly label: string;
  readonly username: string;
  readonly command: readonly [string, ...string[]];
  /** Added to a minimal environment (`PATH` only), so that settings of the caller do not leak into a server. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A port chosen beforehand, or `printed`: the server prints `listening on ssh://127.0.0.1:<port>`. */
  readonly port: number | 'printed';
  /** True for a Node process started with `gc-on-signal.mjs`. */
  readonly collectable?: boolean;
}

const START_MS = 15_000;
const STOP_MS = 5_000;
const LISTENING = /listening on ssh:\/\/127\.0\.0\.1:(\d+)/;
const COLLECTED = /bench: garbage collected/;

/**
 * Starts a server on its core, in its own CPU account, and resolves once it answers with an SSH identification.
 *
 * @throws Error that quotes what the server wrote, when it ends early or is not ready after 15 s.
 */
export async function launch(
  { workspace, pinning, accountant }: Surroundings,
  request: Launch,
): Promise<RunningServer> {
  // The account comes before the process, which is to be counted from its first instruction.
  const started: { pid?: number | undefined } = {};
  const cpu = accountant.open(request.label, () => started.pid);
  workspace.atExit(() => {
    cpu.close();
  });
  const [program = '', ...args] = [...cpu.prefix, ...pinning.serverPrefix, ...request.command];
  const server = workspace.own(
    spawn(program, args, {
      cwd: workspace.folder,
      env: { PATH: process.env['PATH'], ...request.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  started.pid = server.pid;
  const output = new OutputTail(server);
  const stop = async (): Promise<void> => {
    // Looked up first: a fallback account finds children only as long as their parent lives.
    cpu.pids();
    if (server.exitCode === null && server.signalCode === null) {
      server.kill('SIGTERM');
      await within(STOP_MS, 'stop', once(server, 'exit')).catch(() => server.kill('SIGKILL'));
    }
    cpu.close();
  };
  const ended = once(server, 'exit').then(() => {
    throw new Error(`${request.label} ended before it was ready`);
  });
  const ready = async (): Promise<{ port: number; identification: string }> => {
    const port = request.port === 'printed' ? Number((await output.match(LISTENING))[1]) : request.port;
    return { port, identification: await readIdentification(port) };
  };
  try {
    const announced = await within(START_MS, `start of ${request.label}`, Promise.race([ready(), ended]));
    const { pid } = server;
    if (pid === undefined) throw new Error(`${request.label} could not be spawned`);
    const running = { ...announced, pid, username: request.username, cpu, stop };
    if (request.collectable !== true) return running;
    return {
      ...running,
      collectGarbage: async () => {
        output.forget();
        const collected = output.match(COLLECTED);
        server.kill('SIGUSR2');
        await within(10_000, `garbage collection of ${request.label}`, collected);
      },
    };
  } catch (error) {
    await stop();
    throw new Error(`${messageOf(error)}\n${output.text}`.trim(), { cause: error });
  }
}

/** The first line of the server; tries again as long as nobody listens. */
async function readIdentification(port: number): Promise<string> {
  const endsAt = performance.now() + START_MS;
  while (performance.now() < endsAt) {
    const socket = connect({ port, host: '127.0.0.1' });
    try {
      // `once` is untyped; a socket without an encoding emits buffers.
      const [data] = (await once(socket, 'data')) as [Buffer];
      const line = /^SSH-2\.0-[^\r\n]+/m.exec(data.toString('latin1'))?.[0];
      if (line !== undefined) return line;
    } catch {
      await sleep(20);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`nobody answers on port ${String(port)}`);
}

/** The last words of a process, and a way to wait for one of them. */
class OutputTail {
  text = '';
  readonly #waiting = new Set<() => void>();

  constructor(child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        this.text = (this.text + chunk).slice(-4_000);
        for (const look of this.#waiting) look();
      });
    }
  }

  forget(): void {
    this.text = '';
  }

  /** Resolves with the first match in what was and will be written. */
  match(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = pattern.exec(this.text);
        if (found === null) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
