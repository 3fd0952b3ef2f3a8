import type { Worker } from 'node:worker_threads';

import { SshServerError } from 'rxsshd';

import { type BcryptAnswer, type BcryptQuestion, startBcryptWorker } from './bcrypt-worker.js';

/** A question and whoever waits for the answer. */
interface Job {
  readonly question: BcryptQuestion;
  readonly resolve: (correct: boolean) => void;
  readonly reject: (cause: Error) => void;
}

/**
 * Worker threads that verify bcrypt hashes: started when they are needed, one job each at a time, and none of them keeps a process
 * alive that has nothing else to do.
 */
export class BcryptPool {
  readonly #size: number;
  readonly #startWorker: () => Worker;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Job>();
  readonly #waiting: Job[] = [];
  #closed = false;

  /** @param size - workers at most */
  constructor(size: number, startWorker = startBcryptWorker) {
    this.#size = size;
    this.#startWorker = startWorker;
  }

  /** Workers that are running right now. */
  get workers(): number {
    return this.#idle.length + this.#busy.size;
  }

  /**
   * Whether the password is the one of the hash.
   *
   * @throws SshServerError `ERR_SSH_STATE`, as a rejection, after {@link close}; Error if the worker fails, or none can be started
   */
  verify(question: BcryptQuestion): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(closed());
        return;
      }
      this.#waiting.push({ question, resolve, reject });
      this.#assign();
    });
  }

  /** Ends all workers, at once. What is under way or waits is rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    const workers = [...this.#idle.splice(0), ...this.#busy.keys()];
    const jobs = [...this.#busy.values(), ...this.#waiting.splice(0)];
    this.#busy.clear();
    for (const { reject } of jobs) reject(closed());
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  /** Gives the jobs that have waited longest to workers, as long as one is free or may be started. Never throws. */
  #assign(): void {
    while (this.#idle.length > 0 || this.#busy.size < this.#size) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      try {
        const worker = this.#idle.pop() ?? this.#start();
        this.#busy.set(worker, job);
        worker.ref();
        worker.postMessage(job.question);
      } catch (cause) {
        // There is no thread, or no memory for one. The next job may be luckier.
        job.reject(new Error('a bcrypt worker could not be started', { cause }));
      }
    }
  }

  #start(): Worker {
    const worker = this.#startWorker();
    worker.on('message', (answer: BcryptAnswer) => {
      const job = this.#busy.get(worker);
      if (job === undefined) return;
      this.#busy.delete(worker);
      this.#idle.push(worker);
      worker.unref();
      if ('correct' in answer) job.resolve(answer.correct);
      else job.reject(new Error(`bcrypt failed: ${answer.failure}`));
      this.#assign();
    });
    worker.on('error', (cause) => {
      this.#lose(worker, cause instanceof Error ? cause : new Error('a bcrypt worker failed', { cause }));
    });
    worker.on('exit', () => {
      this.#lose(worker, new Error('a bcrypt worker has ended'));
    });
    return worker;
  }

  /** Another worker is started for the next job. */
  #lose(worker: Worker, cause: Error): void {
    const idle = this.#idle.indexOf(worker);
    if (idle !== -1) this.#idle.splice(idle, 1);
    const job = this.#busy.get(worker);
    this.#busy.delete(worker);
    job?.reject(cause);
    if (!this.#closed) this.#assign();
  }
}

const closed = (): SshServerError => new SshServerError('ERR_SSH_STATE', 'bcryptHasher: it was closed');
