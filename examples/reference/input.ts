import type { Readable } from 'node:stream';

import { EMPTY, type Observable } from 'rxjs';
import type { Session } from 'rxsshd';

import type { Typed } from './line-discipline.js';
import { TerminalInput } from './terminal-input.js';

/** Where a program reads from: a terminal with somebody at it, or plain bytes. */
export interface Input {
  /** The next line, or why there is none. */
  read(): Promise<Typed>;
  /** Everything up to the end of input. */
  readonly bytes: Readable;
  /** Ctrl-C, as it is pressed. Hot, completes with the input, never errors. */
  readonly interrupts: Observable<void>;
}

/** The input of a session. Call it once. */
export const inputOf = (session: Session): Input =>
  session.terminal === undefined ? new PlainInput(session) : new TerminalInput(session, session.terminal);

class PlainInput implements Input {
  readonly interrupts = EMPTY;
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get bytes(): Readable {
    return this.#session.stdin;
  }

  async read(): Promise<Typed> {
    // One iterator a line, so that between two lines a word can read the bytes that follow.
    const lines = this.#session.lines[Symbol.asyncIterator]();
    const step = await lines.next();
    await lines.return?.();
    return step.done === true ? { type: 'end' } : { type: 'line', text: step.value };
  }
}
