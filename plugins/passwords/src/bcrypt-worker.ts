import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

/** What a worker is asked. */
export interface BcryptQuestion {
  readonly hash: string;
  readonly password: string;
}

/** What a worker answers. */
export type BcryptAnswer = { readonly correct: boolean } | { readonly failure: string };

/**
 * What the worker runs. As text, since a worker starts from a file or from a text, and a file would have to be found next to this
 * one in each form in which that can be: compiled, bundled, loaded as TypeScript.
 */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const { compareSync } = require(workerData);
parentPort.on('message', ({ hash, password }) => {
  let answer;
  try {
    answer = { correct: compareSync(password, hash) };
  } catch (error) {
    answer = { failure: String(error) };
  }
  parentPort.postMessage(answer);
});
`;

/** Starts a worker that verifies bcrypt hashes, one {@link BcryptQuestion} after the other. */
export const startBcryptWorker = (): Worker =>
  new Worker(PROGRAM, {
    eval: true,
    workerData: createRequire(import.meta.url).resolve('bcryptjs'),
    // What the process was started with, such as a loader of TypeScript, would slow down the start and is of no use.
    execArgv: [],
    env: {},
  });
