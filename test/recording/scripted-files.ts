import type { RecordingFile, RecordingFiles } from '../../src/index.js';

/** An operation of a recorder on its files. */
export type Operation = 'list' | 'create' | 'append' | 'close' | 'remove';

/** Files in memory, on a disk that fails and waits as its test says. */
export class ScriptedFiles implements RecordingFiles {
  readonly texts = new Map<string, string>();
  /** Paths of the files that are open. */
  readonly open = new Set<string>();
  /** Bytes of each write, in order. */
  readonly writes: number[] = [];
  /** How many operations have been under way at the same time, at most. */
  busiest = 0;
  /** What an operation fails with, if it is to fail. */
  fault: (operation: Operation, path: string) => unknown = () => undefined;
  /** What an operation waits for before it does anything. */
  delay: (operation: Operation) => Promise<void> | undefined = () => undefined;
  /** How much of a write that fails reaches the file. */
  tornAt = 0;
  #busy = 0;

  /** Everything in the files, oldest first. */
  get all(): string {
    return this.names.map((name) => this.texts.get(name) ?? '').join('');
  }

  get names(): readonly string[] {
    return [...this.texts.keys()].sort();
  }

  list(_folder: string): Promise<readonly string[]> {
    return this.#run('list', '', () => this.names.map((name) => name.slice(name.lastIndexOf('/') + 1)));
  }

  create(path: string): Promise<RecordingFile> {
    return this.#run('create', path, () => {
      if (this.texts.has(path)) throw failure('EEXIST');
      this.texts.set(path, '');
      this.open.add(path);
      return {
        append: (bytes) =>
          this.#run(
            'append',
            path,
            () => {
              this.#write(path, bytes);
            },
            () => {
              this.#write(path, bytes.subarray(0, this.tornAt));
            },
          ),
        close: () =>
          this.#run('close', path, () => {
            this.open.delete(path);
          }),
      };
    });
  }

  remove(path: string): Promise<void> {
    return this.#run('remove', path, () => {
      this.texts.delete(path);
    });
  }

  #write(path: string, bytes: Uint8Array): void {
    this.writes.push(bytes.length);
    this.texts.set(path, `${this.texts.get(path) ?? ''}${Buffer.from(bytes).toString()}`);
  }

  async #run<T>(operation: Operation, path: string, work: () => T, onFault?: () => void): Promise<T> {
    this.#busy += 1;
    this.busiest = Math.max(this.busiest, this.#busy);
    try {
      await this.delay(operation);
      const fault = this.fault(operation, path);
      if (fault === undefined) return work();
      onFault?.();
      throw fault;
    } finally {
      this.#busy -= 1;
    }
  }
}

/** An error as the operating system gives it. */
export const failure = (code: string): Error => Object.assign(new Error(`${code}: as the test wants it`), { code });
