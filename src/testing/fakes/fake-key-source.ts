import type { Observable } from 'rxjs';

import type { FakeScript, ScriptedFake } from './fake-script.js';
import { ScriptedCalls } from './scripted-calls.js';

/** A source of keys that can be slow and can fail. Its functions need no `this`. */
export interface FakeKeySource extends ScriptedFake {
  /** The keys of a user, as the text of an authorized_keys file; none for a user it does not know. For `grantPublicKey`. */
  readonly keysOf: (user: string) => Observable<string>;
  /** Adds the line of a key, with options if it has any. */
  readonly authorize: (user: string, line: string) => void;
  /** Removes the line of a key, as it was given. */
  readonly revoke: (user: string, line: string) => void;
}

/**
 * Keys by user, slow or out of reach when the script says so. Clients offer a key before they prove it, so that a sign-in asks twice.
 *
 * @example
 * ```ts
 * const laptop = testKey('ann laptop');
 * const keys = fakeKeySource({ ann: [laptop] }, { faults: { onCall: 2, error: new Error('gone between offer and proof') } });
 * const policy = grantPublicKey(keys.keysOf);
 * keys.revoke('ann', laptop);
 * ```
 *
 * @throws TypeError if the script cannot be read
 */
export function fakeKeySource(
  lines: Readonly<Record<string, readonly string[]>> = {},
  script: FakeScript = {},
): FakeKeySource {
  const scripted = new ScriptedCalls(script);
  const keys = new Map(Object.entries(lines).map(([user, list]) => [user, [...list]]));
  return {
    calls: scripted.calls,
    fail: scripted.fail,
    recover: scripted.recover,
    keysOf: (user) => scripted.observe('keysOf', [user], () => (keys.get(user) ?? []).join('\n')),
    authorize: (user, line) => {
      keys.set(user, [...(keys.get(user) ?? []), line]);
    },
    revoke: (user, line) => {
      const list = keys.get(user) ?? [];
      // A test that misses the line would otherwise prove nothing.
      if (!list.includes(line)) throw new TypeError(`fakeKeySource: '${user}' has no such key`);
      keys.set(
        user,
        list.filter((it) => it !== line),
      );
    },
  };
}
