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
  readonly #steps: readonly { readonly frame: number; readonly meaning: ClientStep }[];
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
    this.#steps = entries;
    this.#length = length;
    this.#repeat = repeat;
  }

  /** When it is over, in milliseconds. */
  get length(): number {
    return this.#length * this.#repeat;
  }

  /** Has `client` do it. One step is scheduled at a time, so that a script may go on for years. */
  run(client: SimulatedClient, time: VirtualTime): void {
    const next = (index: number, begin: number): void => {
      const step = this.#steps[index % this.#steps.length];
      const round = Math.floor(index / this.#steps.length);
      if (step === undefined || round >= this.#repeat) return;
      time.later(begin + round * this.#length + step.frame - time.elapsed, () => {
        void client.perform(step.meaning);
        next(index + 1, begin);
      });
    };
    next(0, time.elapsed);
  }
}
