import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { within } from '../deadline.js';
import { benchPath } from '../servers/node-command.js';
import type { Surroundings } from '../servers/server-under-test.js';
import type { LoadJob, LoadReply, LoadRequest, LoadResult } from './load-job.js';

const STEP_MS = 120_000;

/**
 * The `ssh2` client in a process of its own on the clients' core.
 *
 * One process serves the whole run, so that all servers meet the same, equally warmed-up client.
 */
export class LoadGenerator {
  readonly #surroundings: Surroundings;
  #child: ChildProcess | undefined;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /**
   * Prepares `job` (connections that are not part of what is measured), then calls `measure`, which runs it once,
   * then ends whatever the job left open.
   */
  async perform<T>(job: LoadJob, measure: (run: () => Promise<LoadResult>) => Promise<T>): Promise<T> {
    await this.#step({ step: 'prepare', job });
    try {
      return await measure(async () => {
        const result = await this.#step({ step: 'run' });
        if (result === undefined) throw new Error('the load generator gave no result');
        return result;
      });
    } finally {
      await this.#step({ step: 'finish' });
    }
  }

  stop(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  async #step(request: LoadRequest): Promise<LoadResult | undefined> {
    const reply = await this.#exchange(request);
    if ('error' in reply) throw new Error(reply.error);
    return reply.result;
  }

  async #exchange(request: LoadRequest): Promise<LoadReply> {
    const child = (this.#child ??= this.#spawn());
    const given = new AbortController();
    const { signal } = given;
    try {
      const ended = once(child, 'exit', { signal }).then(() => {
        throw new Error('the load generator ended');
      });
      const answered = once(child, 'message', { signal });
      child.send(request);
      const message = await within(STEP_MS, `load generator, ${request.step}`, Promise.race([answered, ended]));
      // `once` is untyped; the other end of the channel is load-process.ts, which sends nothing else.
      const [reply] = message as [LoadReply];
      return reply;
    } catch (error) {
      // Its answer may still come and would be taken for that to the next request: begin anew.
      this.stop();
      throw error;
    } finally {
      given.abort();
    }
  }

  #spawn(): ChildProcess {
    const { workspace, pinning } = this.#surroundings;
    const [program = '', ...args] = [
      ...[...pinning.clientPrefix, process.execPath, '--import', 'tsx', benchPath('clients/load-process.ts')],
    ];
    return workspace.own(
      spawn(program, args, { cwd: benchPath('..'), stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
    );
  }
}
