import { channelOpen } from '../channel-open.js';
import { connectionRequest } from '../connection-request.js';
import { marblesIn } from '../marble-diagram.js';
import { act, type ClientStep } from './client-action.js';
import type { SimulatedClient } from './simulated-client.js';
import type { VirtualTime } from './virtual-time.js';

/** What means something by itself. */
const STEPS: Readonly<Record<string, ClientStep>> = {
  c: connectionRequest(),
  s: channelOpen.session(),
  '|': act.disconnect(),
  '#': act.reset(),
};

/** What a simulated client does, and when. */
export class ClientScript {
  readonly #moments: readonly Moment[];
  readonly #length: number;
  readonly #repeat: number;

  /**
   * @param repeat - how often the diagram is run through, one time behind the other
   * @throws TypeError if the diagram cannot be read, or a letter has no meaning
   */
  constructor(diagram: string, values: Readonly<Record<string, ClientStep>>, repeat: number) {
    const steps = { ...STEPS, ...values };
    const { entries, length } = marblesIn(diagram, (letter) =>
      Object.hasOwn(steps, letter) ? steps[letter] : undefined,
    );
    this.#moments = momentsOf(entries);
    this.#length = length;
    this.#repeat = repeat;
  }

  /** When it is over, in milliseconds. */
  get length(): number {
    return this.#length * this.#repeat;
  }

  /** Has `client` do it. One moment is scheduled at a time, so that a script may go on for years. */
  run(client: SimulatedClient, time: VirtualTime): void {
    const begin = time.elapsed;
    const next = (index: number): void => {
      const moment = this.#moments[index % this.#moments.length];
      const round = Math.floor(index / this.#moments.length);
      if (moment === undefined || round >= this.#repeat) return;
      time.later(begin + round * this.#length + moment.frame - time.elapsed, () => {
        for (const step of moment.steps) void client.perform(step);
        next(index + 1);
      });
    };
    next(0);
  }
}

/** Steps that are taken in the same millisecond, one after the other. */
interface Moment {
  readonly frame: number;
  readonly steps: readonly ClientStep[];
}

// A timer set for now, by a timer that is being called, comes a millisecond later: each moment needs a timer of its own.
function momentsOf(entries: readonly { readonly frame: number; readonly meaning: ClientStep }[]): readonly Moment[] {
  const steps = new Map<number, ClientStep[]>();
  for (const { frame, meaning } of entries) {
    const known = steps.get(frame);
    if (known === undefined) steps.set(frame, [meaning]);
    else known.push(meaning);
  }
  return [...steps].map(([frame, together]) => ({ frame, steps: together }));
}
