import { inspect } from 'node:util';

import { from, isObservable, type Observable, type ObservableInput, Subject, takeUntil } from 'rxjs';

import { type ExitReport, isExitReport } from './exit-report.js';

/** Where the emissions of a service go. */
export interface EmissionSink {
  /** Takes output and settles when more is wanted. */
  write(output: string | Uint8Array): Promise<void>;
  /** Takes output of a source that cannot wait. */
  push(output: string | Uint8Array): void;
  /** The service said how it ended. */
  exit(report: ExitReport): void;
  /** The service ended without saying how. */
  end(): void;
  /** The service threw, or emitted what is no emission. */
  fail(cause: unknown): void;
}

type AnyIterator = AsyncIterator<unknown> | Iterator<unknown>;

/**
 * Brings what a service returned, and what that emits, to a sink: values, promises, Observables, iterables.
 *
 * Iterables are pulled one value at a time, each after the output before it was taken. A promise or the end of a
 * generator may bring any of these in turn.
 */
export class EmissionFollower {
  readonly #sink: EmissionSink;
  /** Made for Observables only. */
  #stop$: Subject<void> | undefined;
  #iterator: AnyIterator | undefined;
  #stopped = false;

  constructor(sink: EmissionSink) {
    this.#sink = sink;
  }

  /** Follows `result`. Throws nothing: whatever goes wrong is the sink's to know. */
  follow(result: unknown): void {
    try {
      if (isObservable(result)) this.#subscribe(result);
      else if (isThenable(result)) this.#await(result);
      else if (isStream(result)) this.#followStream(result);
      else this.#conclude(result);
    } catch (cause) {
      this.#sink.fail(cause);
    }
  }

  /**
   * Unsubscribes, or returns the iterator. A promise cannot be stopped, but the iterator it may bring is returned as well.
   * From now on the sink is told of failures only.
   */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#stop$?.next();
    if (this.#iterator !== undefined) void this.#release(this.#iterator);
  }

  #await(promised: PromiseLike<unknown>): void {
    promised.then(
      (value) => {
        this.follow(value);
      },
      (cause: unknown) => {
        this.#sink.fail(cause);
      },
    );
  }

  #followStream(stream: object): void {
    if (Symbol.asyncIterator in stream) {
      // Whoever has the symbol has the method.
      this.#iterate((stream as AsyncIterable<unknown>)[Symbol.asyncIterator]());
    } else if (Symbol.iterator in stream) {
      // Likewise.
      this.#iterate((stream as Iterable<unknown>)[Symbol.iterator]());
    } else {
      // Whatever else RxJS takes; it throws a clear error for what it does not.
      this.#subscribe(from(stream as ObservableInput<unknown>));
    }
  }

  #iterate(iterator: AnyIterator): void {
    if (this.#stopped) {
      void this.#release(iterator);
      return;
    }
    this.#iterator = iterator;
    void this.#pull(iterator);
  }

  async #pull(iterator: AnyIterator): Promise<void> {
    try {
      while (!this.#stopped) {
        const step = await iterator.next();
        if (step.done === true) {
          this.#iterator = undefined;
          this.follow(step.value);
          return;
        }
        await this.#emit(step.value, (output) => this.#sink.write(output));
      }
    } catch (cause) {
      this.#sink.fail(cause);
    }
  }

  async #release(iterator: AnyIterator): Promise<void> {
    // Not from inside the iterator's own next(), which a generator forbids.
    await Promise.resolve();
    try {
      await iterator.return?.();
    } catch (cause) {
      this.#sink.fail(cause);
    }
  }

  #subscribe(output$: Observable<unknown>): void {
    if (this.#stopped) return;
    this.#stop$ ??= new Subject();
    output$.pipe(takeUntil(this.#stop$)).subscribe({
      next: (value) => {
        try {
          this.#emit(value, (output) => {
            this.#sink.push(output);
          });
        } catch (cause) {
          this.#sink.fail(cause);
        }
      },
      error: (cause: unknown) => {
        this.#sink.fail(cause);
      },
      complete: () => {
        if (!this.#stopped) this.#sink.end();
      },
    });
  }

  /** The last value: with it, or without it, the service has ended. */
  #conclude(value: unknown): void {
    if (this.#stopped) return;
    if (value !== undefined && !isOutput(value)) {
      this.#sink.exit(reportOf(value));
      return;
    }
    if (value !== undefined) this.#sink.push(value);
    this.#sink.end();
  }

  #emit<T>(value: unknown, deliver: (output: string | Uint8Array) => T): T | undefined {
    if (this.#stopped || value === undefined) return undefined;
    if (isOutput(value)) return deliver(value);
    this.#sink.exit(reportOf(value));
    return undefined;
  }
}

const isOutput = (value: unknown): value is string | Uint8Array =>
  typeof value === 'string' || value instanceof Uint8Array;

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/** Whether `value` emits others, and is none of the objects that are emitted themselves. */
const isStream = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !isOutput(value) && !('exitStatus' in value || 'exitSignal' in value);

function reportOf(value: unknown): ExitReport {
  const report = typeof value === 'number' ? { exitStatus: value } : value;
  if (isExitReport(report)) return report;
  throw new TypeError(
    `a service emits strings, bytes, exit statuses from 0 to 2^32-1 and exit reports, not ${inspect(value, { depth: 0 })}`,
  );
}
