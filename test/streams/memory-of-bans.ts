/** Prints what bans cost in memory, in bytes of heap. Run by a test, alone in its process and with `--expose-gc`. */
import { MemoryCounterStore } from '../../src/streams/memory-counter-store.js';

const store = new MemoryCounterStore();
const collect = globalThis.gc;
if (collect === undefined) throw new Error('run with --expose-gc');

const heap = (): number => {
  // Twice, since what the first finds out to be garbage may keep more alive.
  for (let round = 0; round < 2; round += 1) collect();
  return process.memoryUsage().heapUsed;
};

/** Keys as long as those of `banAfter`, each built anew as in a server. */
function ban(from: number, to: number): void {
  for (let key = from; key < to; key += 1) {
    const prefix = `2001:db8:${(key >> 16).toString(16)}:${(key & 0xffff).toString(16)}::/64`;
    store.extend(`banAfter/ban/${prefix}`, { addMs: 600_000, maxMs: 86_400_000, now: 1_700_000_000_000 + key });
  }
}

const before = heap();
ban(0, 10_000);
const tenThousand = heap() - before;
ban(10_000, 1_010_000);
const million = heap() - before;

process.stdout.write(JSON.stringify({ tenThousand, million, size: store.size }));
