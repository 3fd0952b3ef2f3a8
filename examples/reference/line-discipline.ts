import type { TerminalModes } from 'rxsshd';

/** What somebody at a terminal has done. */
export type Typed =
  | { readonly type: 'line'; readonly text: string }
  /** Ctrl-D on an empty line, or the client has closed its input. */
  | { readonly type: 'end' }
  /** Ctrl-C. */
  | { readonly type: 'interrupt' };

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BACKSPACE = 0x08;
const ESCAPE = 0x1b;

/** As in the terminal drivers of most systems. */
const MAX_LINE_BYTES = 4096;

/**
 * Makes lines of what a raw terminal sends, and tells what the terminal should show.
 *
 * An SSH client switches its terminal to raw mode and leaves echo and editing to the server: what the terminal driver of
 * the kernel does in cooked mode. The client's modes (RFC 4254 section 8) say which key does what. Arrow and function
 * keys do nothing.
 */
export class LineDiscipline {
  readonly #echoes: boolean;
  readonly #interruptKey: number;
  readonly #endKey: number;
  readonly #eraseKey: number;
  readonly #killKey: number;
  #line: number[] = [];
  #echo: number[] = [];
  #afterReturn = false;
  #escape: 'none' | 'begun' | 'sequence' = 'none';

  constructor(modes: TerminalModes) {
    this.#echoes = modes.ECHO !== 0;
    this.#interruptKey = modes.VINTR ?? 0x03;
    this.#endKey = modes.VEOF ?? 0x04;
    this.#eraseKey = modes.VERASE ?? 0x7f;
    this.#killKey = modes.VKILL ?? 0x15;
  }

  /** Takes what the terminal sent; returns what was done with it and what to show. */
  type(bytes: Uint8Array): { readonly typed: readonly Typed[]; readonly echo: Buffer } {
    const typed: Typed[] = [];
    for (const byte of bytes) {
      const done = this.#key(byte);
      if (done !== undefined) typed.push(done);
    }
    const echo = Buffer.from(this.#echoes ? this.#echo : []);
    this.#echo = [];
    return { typed, echo };
  }

  #key(byte: number): Typed | undefined {
    if (this.#isInEscapeSequence(byte)) return undefined;
    const secondHalf = byte === LINE_FEED && this.#afterReturn;
    this.#afterReturn = byte === CARRIAGE_RETURN;
    if (secondHalf) return undefined;

    switch (byte) {
      case CARRIAGE_RETURN:
      case LINE_FEED:
        this.#show('\n');
        return { type: 'line', text: this.#take() };
      case this.#interruptKey:
        this.#show('^C\n');
        this.#take();
        return { type: 'interrupt' };
      case this.#endKey:
        return this.#line.length === 0 ? { type: 'end' } : undefined;
      case this.#eraseKey:
      case BACKSPACE:
        this.#erase();
        return undefined;
      case this.#killKey:
        while (this.#line.length > 0) this.#erase();
        return undefined;
      default:
        this.#insert(byte);
        return undefined;
    }
  }

  #insert(byte: number): void {
    const isControl = byte < 0x20 && byte !== TAB;
    if (isControl || this.#line.length >= MAX_LINE_BYTES) return;
    this.#line.push(byte);
    this.#echo.push(byte);
  }

  /** Takes back one character, which in UTF-8 may be several bytes. */
  #erase(): void {
    let byte = this.#line.pop();
    if (byte === undefined) return;
    while (byte !== undefined && (byte & 0xc0) === 0x80) byte = this.#line.pop();
    this.#show('\b \b');
  }

  #take(): string {
    const text = Buffer.from(this.#line).toString('utf8');
    this.#line = [];
    return text;
  }

  #show(text: string): void {
    this.#echo.push(...Buffer.from(text));
  }

  /** Keys without a character send ESC [ … or ESC O …, which ends at the first byte from @ to ~. */
  #isInEscapeSequence(byte: number): boolean {
    switch (this.#escape) {
      case 'none':
        if (byte !== ESCAPE) return false;
        this.#escape = 'begun';
        return true;
      case 'begun':
        this.#escape = byte === 0x5b || byte === 0x4f ? 'sequence' : 'none';
        return byte >= 0x20;
      case 'sequence':
        if (byte < 0x20) this.#escape = 'none';
        else if (byte >= 0x40 && byte <= 0x7e) this.#escape = 'none';
        return byte >= 0x20;
    }
  }
}
