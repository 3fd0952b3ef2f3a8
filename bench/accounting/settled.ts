import { setTimeout as sleep } from 'node:timers/promises';
import type { CpuAccount } from './cpu-account.js';

/**
 * Reads an account once its server has come to rest: less than 1 ms of CPU time within 30 ms.
 *
 * A client is done before the server has closed the last connection; without the wait that work would be missing here
 * and turn up in the next reading. Gives up waiting after 3 s, and then returns what was counted by then.
 */
export async function settledNs(account: CpuAccount): Promise<number> {
  let before = account.readNs();
  for (let attempt = 0; attempt < 100; attempt++) {
    await sleep(30);
    const now = account.readNs();
    if (now - before < 1_000_000) return now;
    before = now;
  }
  return before;
}
