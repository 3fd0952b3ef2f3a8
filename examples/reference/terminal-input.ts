import { Readable } from 'node:stream';

import { Subject, type Observable } from 'rxjs';
import type { Session, Terminal } from 'rxsshd';

import type { Input } from './input.js';
import { LineDiscipline, type Typed } from './line-discipline.js';

/** Lines typed ahead; with more than this the client has to wait. */
const MAX_AHEAD = 64;

/** The lines that somebody types at a terminal. Reads all the time, since Ctrl-C must work when nobody asks for a line. */
export class TerminalInput implements Input {
  readonly interrupts: Observable<void>;
  readonly #interrupt$ = new Subject<void>();
  readonly #session: Session;
  readonly #discipline: LineDiscipline;
  readonly #ahead: Typed[] = [];
  #ended = false;
  #reader: ((typed: Typed) => void) | undefined;
  #whenRoom: (() => void) | undefined;

  constructor(session: Session, terminal: Terminal) {
    this.#session = session;
    this.#discipline = new LineDiscipline(terminal.modes);
    this.interrupts = this.#interrupt$.asObservable();
    void this.#pump();
  }

  read(): Promise<Typed> {
    const typed = this.#ahead.shift();
    this.#whenRoom?.();
    if (typed !== undefined) return Promise.resolve(typed);
    if (this.#ended) return Promise.resolve({ type: 'end' });
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  get bytes(): Readable {
    return Readable.from(this.#readBytes());
  }

  async *#readBytes(): AsyncGenerator<Uint8Array> {
    for (let typed = await this.read(); typed.type === 'line'; typed = await this.read()) {
      yield Buffer.from(`${typed.text}\n`);
    }
  }

  async #pump(): Promise<void> {
    try {
      // Node types the chunks as any; a stream without encoding gives buffers.
      for await (const bytes of this.#session.stdin as AsyncIterable<Buffer>) {
        const { typed, echo } = this.#discipline.type(bytes);
        // Echo first: what a word answers comes behind the line that called it.
        const echoed = echo.length > 0 ? this.#session.write(echo) : undefined;
        for (const it of typed) this.#deliver(it);
        await echoed;
        await this.#room();
      }
    } catch {
      // The client has left; the session ends by itself.
    }
    this.#ended = true;
    this.#reader?.({ type: 'end' });
    this.#interrupt$.complete();
  }

  #deliver(typed: Typed): void {
    if (typed.type === 'interrupt') this.#ahead.length = 0;
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader !== undefined) reader(typed);
    else if (typed.type !== 'interrupt') this.#ahead.push(typed);
    if (typed.type === 'interrupt') this.#interrupt$.next();
  }

  #room(): Promise<void> | undefined {
    if (this.#ahead.length < MAX_AHEAD) return undefined;
    return new Promise((resolve) => {
      this.#whenRoom = resolve;
    });
  }
}
