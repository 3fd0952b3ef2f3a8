import { delay, dematerialize, firstValueFrom, materialize, Observable, of, throwError } from 'rxjs';

import { after, type Clock, systemClock } from '../../streams/clock.js';
import type { FakeCall, FakeScript, ScriptedFake } from './fake-script.js';
import { type ReadScript, readScript } from './script-reader.js';

/** What a call came to, and how long it takes until its caller knows. */
interface Outcome<T> {
  readonly latencyMs: number;
  readonly result: { readonly value: T } | { readonly error: unknown };
}

/**
 * Runs the calls of a fake through its script.
 *
 * What a call does it does at once, and it fails or not as the script says of the moment it was made; its caller
 * knows of it when the latency is over. So two calls under way at once see each other, as they do at a real service, and a
 * caller who stops waiting takes nothing back.
 */
export class ScriptedCalls implements ScriptedFake {
  readonly #clock: Clock;
  readonly #script: ReadScript;
  readonly #calls: FakeCall[] = [];
  readonly #ofMethod = new Map<string, number>();
  #outage: Error | undefined;

  /** @throws TypeError if the script cannot be read */
  constructor(script: FakeScript) {
    this.#clock = script.clock ?? systemClock;
    this.#script = readScript(script);
  }

  get calls(): readonly FakeCall[] {
    return this.#calls;
  }

  readonly fail = (error: Error): void => {
    this.#outage = error;
  };

  readonly recover = (): void => {
    this.#outage = undefined;
  };

  /** Answers at once, by a value or by throwing, or with an Observable if the call takes time. */
  answer<T>(method: string, args: readonly unknown[], work: () => T): T | Observable<T> {
    const outcome = this.#run(method, args, work);
    if (outcome.latencyMs > 0) return this.#delayed(outcome);
    if ('error' in outcome.result) throw outcome.result.error;
    return outcome.result.value;
  }

  /** Answers with an Observable in any case. It gives up its timer when it is unsubscribed. */
  observe<T>(method: string, args: readonly unknown[], work: () => T): Observable<T> {
    const outcome = this.#run(method, args, work);
    if (outcome.latencyMs > 0) return this.#delayed(outcome);
    const { result } = outcome;
    return 'error' in result ? throwError(() => result.error) : of(result.value);
  }

  /** Answers with a promise. */
  promise<T>(method: string, args: readonly unknown[], work: () => T): Promise<T> {
    return firstValueFrom(this.observe(method, args, work));
  }

  /** Answers with what the stream that `work` makes emits, each after the latency of the call. */
  watch<T>(method: string, args: readonly unknown[], work: () => Observable<T>): Observable<T> {
    const { latencyMs, result } = this.#run(method, args, work);
    const watched$ = 'error' in result ? throwError(() => result.error) : result.value;
    if (latencyMs === 0) return watched$;
    // By itself, `delay` would let errors through at once.
    return watched$.pipe(materialize(), delay(latencyMs, this.#clock.scheduler), dematerialize());
  }

  #run<T>(method: string, args: readonly unknown[], work: () => T): Outcome<T> {
    const methodOrdinal = (this.#ofMethod.get(method) ?? 0) + 1;
    this.#ofMethod.set(method, methodOrdinal);
    const call: FakeCall = {
      method,
      ordinal: this.#calls.length + 1,
      methodOrdinal,
      arguments: args,
      atMs: this.#clock.now(),
    };
    this.#calls.push(call);
    const latencyMs = this.#script.latencyOf(call);
    const error = this.#outage ?? this.#script.faultOf(call);
    if (error !== undefined) return { latencyMs, result: { error } };
    try {
      return { latencyMs, result: { value: work() } };
    } catch (cause) {
      return { latencyMs, result: { error: cause } };
    }
  }

  #delayed<T>({ latencyMs, result }: Outcome<T>): Observable<T> {
    const due = this.#clock.now() + latencyMs;
    return new Observable((subscriber) =>
      after(this.#clock, Math.max(0, due - this.#clock.now()), () => {
        if ('error' in result) {
          subscriber.error(result.error);
          return;
        }
        subscriber.next(result.value);
        subscriber.complete();
      }),
    );
  }
}
