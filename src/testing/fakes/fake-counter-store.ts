import type { CounterStore } from '../../streams/counter-store.js';
import { MemoryCounterStore, type MemoryCounterStoreOptions } from '../../streams/memory-counter-store.js';
import type { FakeScript, ScriptedFake } from './fake-script.js';
import { ScriptedCalls } from './scripted-calls.js';

/** How a {@link fakeCounterStore} behaves. */
export interface FakeCounterStoreOptions extends FakeScript, MemoryCounterStoreOptions {}

/** A counter store that can be slow and can fail. */
export interface FakeCounterStore extends CounterStore, ScriptedFake {
  /** Keys remembered right now, as {@link MemoryCounterStore.size} counts them. */
  readonly size: number;
}

/**
 * A store that counts as {@link MemoryCounterStore} does, and is slow or down when its script says so: what a shared store looks
 * like from here. Its methods are `hit`, `extend` and `clear`.
 *
 * A hit that nobody waits for any more, since a decision was given up, is counted all the same.
 *
 * @example
 * ```ts
 * const store = fakeCounterStore({ latencyMs: 40_000 });
 * await using simulation = await simulate({
 *   policies: {
 *     SSHUserAuthRequest: [rateLimit({ limit: 5, windowMs: 60_000, keyOf: ({ user }) => user, store })],
 *   },
 *   decisionDeadlineMs: 30_000,
 * });
 * ```
 *
 * @throws TypeError if the script cannot be read; SshServerError `ERR_SSH_OPTION` if `maxKeys` is out of range
 */
export function fakeCounterStore({ maxKeys, ...script }: FakeCounterStoreOptions = {}): FakeCounterStore {
  const store = new MemoryCounterStore(maxKeys === undefined ? {} : { maxKeys });
  const scripted = new ScriptedCalls(script);
  return {
    calls: scripted.calls,
    fail: scripted.fail,
    recover: scripted.recover,
    get size() {
      return store.size;
    },
    hit: (key, window) => scripted.answer('hit', [key, window], () => store.hit(key, window)),
    extend: (key, extension) => scripted.answer('extend', [key, extension], () => store.extend(key, extension)),
    clear: (key) =>
      scripted.answer('clear', [key], () => {
        store.clear(key);
      }),
  };
}
