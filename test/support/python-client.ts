import type { ServerAddress } from './reference-server.js';
import { RunningProgram } from './running-program.js';

/** What {@link PythonClient} is made of. */
export interface PythonClientParts {
  /** Path of python3. */
  readonly python: string;
  /** Path of a script of `test/clients/fixtures`, called with `RECIPE HOST PORT KEY` and more, if the recipe wants it. */
  readonly script: string;
  readonly server: ServerAddress;
  /** An Ed25519 key of the user `demo`. */
  readonly key: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A client written in Python: a script of recipes, each of which prints what it found as JSON. */
export class PythonClient {
  readonly #parts: PythonClientParts;

  constructor(parts: PythonClientParts) {
    this.#parts = parts;
  }

  /** Starts a recipe whose input stays open. */
  start(recipe: string): RunningProgram {
    return this.#start(recipe, [], true);
  }

  /**
   * Runs a recipe to its end.
   *
   * @returns what it found
   * @throws Error with its traceback if it failed
   */
  async run(recipe: string, ...args: readonly string[]): Promise<unknown> {
    const { status, signal, stdout, stderr } = await this.#start(recipe, args, false).finished;
    if (status !== 0) throw new Error(`${recipe} ended with ${String(status ?? signal)}:\n${stderr}`);
    return JSON.parse(stdout.toString());
  }

  #start(recipe: string, args: readonly string[], keepInputOpen: boolean): RunningProgram {
    const { python, script, server, key, env } = this.#parts;
    // The cryptography of older distributions warns of itself at each import.
    const call = ['-W', 'ignore', script, recipe, server.host, String(server.port), key, ...args];
    return RunningProgram.start(python, call, { env: { ...env, PYTHONDONTWRITEBYTECODE: '1' }, keepInputOpen });
  }
}
