import { type ChildProcess, spawn } from 'node:child_process';

import { Observable } from 'rxjs';

import { after, type Clock } from '../../streams/clock.js';

/** What {@link programOutput} runs, and how far. */
export interface ProgramRun {
  /** An absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whom it runs as; default the user of this server. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
  readonly timeoutMs: number;
  /** More output ends it. */
  readonly maxBytes: number;
  readonly clock: Clock;
}

/**
 * Runs a program, without a shell and without input, and emits what it wrote to its output once it has ended with status 0.
 *
 * Cold: runs once for each subscription. Errors if the program cannot be started, fails, takes too long or writes too much.
 * Unsubscribing ends the program, and so do the last two: with `SIGKILL`, and with everything that it has started in its group.
 * What it writes to its error output is nobody's.
 */
export const programOutput = (run: ProgramRun): Observable<Buffer> =>
  new Observable((subscriber) => {
    const { program, args, environment, runAs, timeoutMs, maxBytes, clock } = run;
    // As wide as it is: where this process can open no more files, a child comes back without streams, and its error later.
    const child: ChildProcess = spawn(program, args, {
      cwd: '/',
      env: environment,
      // A group of its own, so that it can be ended with all of its children.
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      windowsHide: true,
      ...(runAs === undefined ? {} : { uid: runAs.uid, gid: runAs.gid }),
    });
    const stdout = child.stdout ?? undefined;
    const blocks: Buffer[] = [];
    let bytes = 0;
    let isOver = false;

    const fail = (message: string, cause?: unknown): void => {
      subscriber.error(new Error(`${program} ${message}`, { cause }));
    };
    // For as long as there is a child: an error that nobody listens for would end this process.
    child.on('error', (cause) => {
      isOver = child.pid === undefined;
      fail('cannot be run', cause);
    });
    stdout?.on('data', (block: Buffer) => {
      bytes += block.length;
      if (bytes > maxBytes) fail(`wrote more than ${String(maxBytes)} bytes`);
      else blocks.push(block);
    });
    // What is not read to the end is not trusted either; `close` follows.
    stdout?.on('error', (cause) => {
      fail('could not be read', cause);
    });
    child.once('close', (status, signal) => {
      isOver = true;
      if (status === 0) {
        subscriber.next(Buffer.concat(blocks));
        subscriber.complete();
      } else {
        fail(signal === null ? `ended with status ${String(status)}` : `was ended by ${signal}`);
      }
    });
    const deadline = after(clock, timeoutMs, () => {
      fail(`took longer than ${String(timeoutMs)} ms`);
    });
    return () => {
      deadline.unsubscribe();
      stdout?.destroy();
      if (!isOver) endGroup(child);
    };
  });

function endGroup(child: ChildProcess): void {
  // It was never started.
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Not everywhere are there groups of processes, and this one may just have ended.
    child.kill('SIGKILL');
  }
}
