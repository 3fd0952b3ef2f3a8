import { setImmediate } from 'node:timers';

/** More turns than anything of a stage takes from one sign of life to the next: a packet passes two streams in memory. */
const TURNS = 25;

/** Settles once nothing moves any more. `pulse` grows with every sign of life; nothing here waits for real time. */
export async function quiet(pulse: () => number): Promise<void> {
  let last = pulse();
  for (let still = 0; still < TURNS; still += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    const now = pulse();
    if (now !== last) still = 0;
    last = now;
  }
}
