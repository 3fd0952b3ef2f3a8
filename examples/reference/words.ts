import type { Readable, Writable } from 'node:stream';

import { concatMap, from, fromEvent, ignoreElements, lastValueFrom, merge, race, take, takeUntil, timer } from 'rxjs';
import type { Terminal, TerminalSize } from 'rxsshd';

import type { Exit, Program, Word } from './program.js';

/** What shells return for words used in the wrong way. */
const MISUSE = 2;

const MAX_STATUS = 2 ** 32 - 1;

/** The longest delay that a timer of Node can wait, in seconds. */
const MAX_SECONDS = (2 ** 31 - 1) / 1000;

const ZEROS = Buffer.alloc(64 * 1024);

/** Everything that this server can run, by the word that runs it. */
export const words = {
  true: () => 0,

  exit: ({ session, args }) => {
    const status = Number(args);
    return /^\d*$/.test(args) && status <= MAX_STATUS ? status : misuse(session.stderr, 'exit [0..4294967295]');
  },

  signal: ({ session, args }) =>
    /^[A-Z][A-Z0-9]*$/.test(args) ? { exitSignal: args } : misuse(session.stderr, 'signal TERM'),

  cat: ({ session, input }) => {
    input.pipe(session.stdout, { end: false });
    return endOf(input);
  },

  // A listener that does nothing: Node hands it each block at once, where resume() alone would queue the block first.
  sink: ({ input }) => endOf(input.on('data', () => undefined)),

  source: async ({ session, args, signal }) => {
    if (!/^\d{1,15}$/.test(args)) return misuse(session.stderr, 'source BYTES');
    for (let left = Number(args); left > 0 && !signal.aborted; left -= ZEROS.length) {
      await session.write(left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS);
    }
    return 0;
  },

  env: async ({ session }) => {
    const lines = [...session.environment].map(([name, value]) => `${name}=${value}\n`);
    await session.write(lines.sort().join(''));
    return 0;
  },

  tty: async (program) => {
    const { terminal } = program.session;
    if (terminal === undefined) {
      program.session.stderr.write('not a tty\n');
      return 1;
    }
    await followTerminal(program, terminal);
    return 0;
  },

  sleep: async ({ session, args, signal }) => {
    const seconds = Number(args);
    if (!/^\d+(?:\.\d+)?$/.test(args) || seconds > MAX_SECONDS) return misuse(session.stderr, 'sleep SECONDS');
    return lastValueFrom(race(timer(seconds * 1000), aborted(signal)).pipe(take(1), ignoreElements()), {
      defaultValue: 0,
    });
  },

  whoami: async ({ session }) => {
    await session.write(`${session.user}\n`);
    return 0;
  },
} as const satisfies Readonly<Record<string, Word>>;

/** Prints type, size and modes of the terminal, then each new size until the end of input. */
async function followTerminal({ session, input, signal }: Program, terminal: Terminal): Promise<void> {
  const modes = Object.entries(terminal.modes).filter(([name]) => !/^\d/.test(name));
  const lines = [terminal.type, sizeOf(terminal), ...modes.map(([name, value]) => `${name}=${String(value)}`)];
  const endOfInput$ = from(endOf(input.resume()));
  const size$ = session.terminalSizes.pipe(
    concatMap((size) => session.write(`${sizeOf(size)}\n`)),
    takeUntil(merge(endOfInput$, aborted(signal))),
  );
  // Subscribed before the first line goes out: who has read it may change the size at once.
  const followed = lastValueFrom(size$, { defaultValue: undefined });
  await session.write(`${lines.join('\n')}\n`);
  await followed;
}

/** Exit status 0 when all input has been read; fails when it breaks off. */
const endOf = (input: Readable): Promise<0> =>
  new Promise((resolve, reject) => {
    const succeed = (): void => {
      resolve(0);
    };
    input.on('end', succeed).on('close', succeed).on('error', reject);
  });

const sizeOf = ({ columns, rows }: TerminalSize): string => `${String(columns)}x${String(rows)}`;

const aborted = (signal: AbortSignal) => fromEvent(signal, 'abort');

function misuse(stderr: Writable, usage: string): Exit {
  stderr.write(`usage: ${usage}\n`);
  return MISUSE;
}
