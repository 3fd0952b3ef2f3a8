import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import ssh2 from 'ssh2';

import type { Pair } from '../report/two-samples.js';

/** Refusals that are not counted: the first are slower on both sides. */
const WARM_UP_PAIRS = 10;

/**
 * As long as each other, and each always the same: a server may have more to do where one user follows another, which is to happen
 * to both as often.
 */
const USERS = { known: 'known-user', unknown: 'nobody-yet' } as const;

/**
 * Measures how long a server takes to refuse a password, in milliseconds from the request to the answer: once of a user who does not
 * exist and once of one who does, in an order that is drawn for each pair, and so many times, on one connection.
 *
 * @throws Error if the connection is lost before
 */
export function measureRefusals(port: number, pairs: number): Promise<readonly Pair[]> {
  const measured: { unknown: number; known: number }[] = [];
  let order: ('unknown' | 'known')[] = [];
  let current = { unknown: 0, known: 0 };
  let asked: { readonly who: 'unknown' | 'known'; readonly at: number } | undefined;

  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.on('error', reject);
    client.connect({
      sock: connect({ port, host: '127.0.0.1', noDelay: true }),
      username: USERS.known,
      readyTimeout: 0,
      authHandler: (_methods, _partial, next) => {
        const now = performance.now();
        if (asked !== undefined) current[asked.who] = now - asked.at;
        if (asked !== undefined && order.length === 0) measured.push(current);
        if (measured.length === WARM_UP_PAIRS + pairs) {
          client.removeListener('error', reject).on('error', () => undefined);
          client.destroy();
          resolve(measured.slice(WARM_UP_PAIRS).map(({ unknown, known }) => [unknown, known]));
          return;
        }
        if (order.length === 0) {
          order = randomBytes(1).readUInt8() < 128 ? ['unknown', 'known'] : ['known', 'unknown'];
          current = { unknown: 0, known: 0 };
        }
        const who = order.pop() ?? 'known';
        const username = USERS[who];
        const password = randomBytes(6).toString('hex');
        asked = { who, at: performance.now() };
        next({ type: 'password', username, password });
      },
    });
  });
}
