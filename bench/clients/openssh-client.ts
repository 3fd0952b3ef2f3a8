import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { within } from '../deadline.js';
import type { RunningServer, Surroundings } from '../servers/server-under-test.js';

/** Algorithms of one transfer. `mac` is left out where the cipher authenticates by itself. */
export interface CipherSuite {
  readonly cipher: string;
  readonly mac?: string;
}

/** One run of the OpenSSH client. */
export interface ClientRun {
  readonly command: string;
  readonly suite?: CipherSuite;
  /** True to compress. */
  readonly compressed?: boolean;
  /** True for what the client says of its work (`-v`) on stderr. */
  readonly verbose?: boolean;
  /** File for stdin, or bytes to send; nothing (`/dev/null`) by default. */
  readonly input?: string | Buffer;
  /** True to collect stdout; otherwise it goes to `/dev/null`. */
  readonly capture?: boolean;
}

/** What came of it. */
export interface ClientResult {
  readonly status: number | null;
  /** From starting the client to its end. */
  readonly seconds: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const RUN_MS = 120_000;

/** Runs `ssh` on the clients' core; no configuration, agent or known_hosts file of the user takes part. */
export async function runOpenssh(
  { workspace, pinning }: Surroundings,
  server: RunningServer,
  run: ClientRun,
): Promise<ClientResult> {
  const options = [
    ...['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'GlobalKnownHostsFile=/dev/null'],
    ...['IdentitiesOnly=yes', 'IdentityAgent=none', 'PreferredAuthentications=publickey'],
    ...['KexAlgorithms=curve25519-sha256', 'HostKeyAlgorithms=ssh-ed25519', 'ConnectTimeout=20'],
    `Compression=${run.compressed === true ? 'yes' : 'no'}`,
    `LogLevel=${run.verbose === true ? 'DEBUG1' : 'ERROR'}`,
    ...(run.suite === undefined ? [] : [`Ciphers=${run.suite.cipher}`]),
    ...(run.suite?.mac === undefined ? [] : [`MACs=${run.suite.mac}`]),
  ];
  const [program = '', ...args] = [
    ...[...pinning.clientPrefix, 'ssh', '-F', '/dev/null', '-T', '-i', workspace.userKey],
    ...options.flatMap((option) => ['-o', option]),
    ...['-p', String(server.port), '-l', server.username, '127.0.0.1', run.command],
  ];
  const input = openSync(typeof run.input === 'string' ? run.input : '/dev/null', 'r');
  const output = openSync('/dev/null', 'w');
  const startedAt = performance.now();
  const child = workspace.own(
    spawn(program, args, {
      stdio: [run.input instanceof Buffer ? 'pipe' : input, run.capture === true ? 'pipe' : output, 'pipe'],
    }),
  );
  try {
    const ended = once(child, 'close');
    child.stdin?.on('error', () => {
      // The client ended before it read everything; its exit status tells.
    });
    if (run.input instanceof Buffer) child.stdin?.end(run.input);
    const [stdout, stderr] = await within(
      RUN_MS,
      `ssh … ${run.command}`,
      Promise.all([collect(child.stdout), collect(child.stderr), ended]),
    );
    const seconds = (performance.now() - startedAt) / 1_000;
    return { status: child.exitCode, seconds, stdout, stderr: stderr.toString('utf8').trim() };
  } finally {
    child.kill('SIGKILL');
    closeSync(input);
    closeSync(output);
  }
}

async function collect(stream: Readable | null): Promise<Buffer> {
  const chunks: Buffer[] = [];
  if (stream !== null) for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
