/** What became of the grants of a server whose policies were replaced. */
export interface ReplacedPolicies {
  /** How many grants the new policies were asked about. */
  readonly asked: number;
  /** How many of them they took back. */
  readonly revoked: number;
}

/** Counts the grants that are asked for, and waits for the answers. */
export class Reevaluation {
  #asked = 0;
  #revoked = 0;
  #waiting = 0;
  #whenDone: (() => void) | undefined;

  /** A grant is asked for. @returns to be called once, with whether it was taken back */
  ask(): (revoked: boolean) => void {
    this.#asked += 1;
    this.#waiting += 1;
    let answered = false;
    return (revoked) => {
      if (answered) return;
      answered = true;
      if (revoked) this.#revoked += 1;
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#whenDone?.();
    };
  }

  /** Resolves once every answer is there. */
  async finished(): Promise<ReplacedPolicies> {
    if (this.#waiting > 0) {
      await new Promise<void>((resolve) => {
        this.#whenDone = resolve;
      });
    }
    return { asked: this.#asked, revoked: this.#revoked };
  }
}
