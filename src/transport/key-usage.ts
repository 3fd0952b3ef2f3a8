import type { RekeyLimits } from './rekey-limits.js';

/** How far a connection has come in each direction. Sequence numbers begin anew at 2^32. */
export interface Progress {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly sequenceIn: number;
  readonly sequenceOut: number;
}

/** Knows what the present keys have been used for. */
export class KeyUsage {
  readonly #limits: RekeyLimits;
  #bytesIn = 0;
  #bytesOut = 0;
  #sequenceIn = 0;
  #sequenceOut = 0;

  constructor(limits: RekeyLimits) {
    this.#limits = limits;
  }

  /** New keys are in use from here on. */
  begin({ bytesIn, bytesOut, sequenceIn, sequenceOut }: Progress): void {
    this.#bytesIn = bytesIn;
    this.#bytesOut = bytesOut;
    this.#sequenceIn = sequenceIn;
    this.#sequenceOut = sequenceOut;
  }

  /** Bytes of both directions since the keys were made. */
  bytes(bytesIn: number, bytesOut: number): number {
    return bytesIn - this.#bytesIn + (bytesOut - this.#bytesOut);
  }

  /** Whether the keys have done their share. Four numbers, for this is asked with every packet. */
  isUsedUp(bytesIn: number, bytesOut: number, sequenceIn: number, sequenceOut: number): boolean {
    const { bytes, packets } = this.#limits;
    return (
      bytesIn - this.#bytesIn >= bytes ||
      bytesOut - this.#bytesOut >= bytes ||
      (sequenceIn - this.#sequenceIn) >>> 0 >= packets ||
      (sequenceOut - this.#sequenceOut) >>> 0 >= packets
    );
  }
}
