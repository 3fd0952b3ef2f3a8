import type { TerminalModes } from './terminal-modes.js';

/** Size of a terminal (RFC 4254 sections 6.2 and 6.7). */
export interface TerminalSize {
  /** Width in characters; 0 if the client does not know. */
  readonly columns: number;
  /** Height in characters; 0 if the client does not know. */
  readonly rows: number;
  /** Width in pixels; 0 if the client does not know. */
  readonly widthPixels: number;
  /** Height in pixels; 0 if the client does not know. */
  readonly heightPixels: number;
}

/** The terminal a client asked for with `pty-req` (RFC 4254 section 6.2), at its present size. */
export interface Terminal extends TerminalSize {
  /** The value of `TERM`, such as `xterm-256color`. As sent: not verified. */
  readonly type: string;
  /** The modes of the client's own terminal when it asked (RFC 4254 section 8). */
  readonly modes: TerminalModes;
}

/** What runs on a session channel (RFC 4254 section 6.5). */
export type SessionProgram = 'shell' | { readonly exec: string } | { readonly subsystem: string };

/** Bounds of what a client may leave in a {@link SessionState}. */
export interface SessionStateLimits {
  /** Environment variables. Default 64. */
  readonly maxVariables?: number;
  /** Bytes of all names and values together, in UTF-8. Default 32 KiB. */
  readonly maxVariableBytes?: number;
}

/**
 * What a session channel has been told: environment and terminal before its program starts, window sizes and signals
 * while it runs (RFC 4254 section 6).
 *
 * The methods that answer a boolean say whether the request they stand for can be granted; false changes nothing.
 */
export class SessionState {
  // Made when first needed: most sessions set nothing and listen to nothing, and there are many of them.
  #environment: Map<string, string> | undefined;
  #resizeListeners: ((size: TerminalSize) => void)[] | undefined;
  #signalListeners: ((signal: string) => void)[] | undefined;
  readonly #maxVariables: number;
  readonly #maxVariableBytes: number;
  #variableBytes = 0;
  #terminal: Terminal | undefined;
  #program: SessionProgram | undefined;

  constructor(limits: SessionStateLimits = {}) {
    this.#maxVariables = limits.maxVariables ?? 64;
    this.#maxVariableBytes = limits.maxVariableBytes ?? 32 * 1024;
  }

  /** The variables set so far. A live view. Names and values are the client's: never trust them. */
  get environment(): ReadonlyMap<string, string> {
    return this.#environment ?? NOTHING;
  }

  /** The terminal, at its present size; undefined unless the client asked for one. */
  get terminal(): Terminal | undefined {
    return this.#terminal;
  }

  /** What was started; undefined until then. */
  get program(): SessionProgram | undefined {
    return this.#program;
  }

  /**
   * Sets an environment variable for the program to come (`env`, RFC 4254 section 6.4). A later value replaces an
   * earlier one.
   *
   * @returns false once the program has started, if the limits are reached, or if no environment can hold the variable:
   * an empty name, `=` in the name, NUL in either.
   */
  setVariable(name: string, value: string): boolean {
    if (this.#program !== undefined) return false;
    if (name === '' || name.includes('=') || name.includes('\0') || value.includes('\0')) return false;

    const former = this.#environment?.get(name);
    const count = this.environment.size + (former === undefined ? 1 : 0);
    const bytes = this.#variableBytes + sizeOf(name, value) - (former === undefined ? 0 : sizeOf(name, former));
    if (count > this.#maxVariables || bytes > this.#maxVariableBytes) return false;

    this.#environment ??= new Map();
    this.#environment.set(name, value);
    this.#variableBytes = bytes;
    return true;
  }

  /**
   * Gives the session a terminal (`pty-req`, RFC 4254 section 6.2).
   *
   * @returns false if there is one already or the program has started.
   */
  openTerminal(terminal: Terminal): boolean {
    if (this.#terminal !== undefined || this.#program !== undefined) return false;
    this.#terminal = terminal;
    return true;
  }

  /**
   * Changes the size of the terminal (`window-change`, RFC 4254 section 6.7) and tells the listeners.
   *
   * Zero columns or rows keep the former number (RFC 4254 section 6.2 has them ignored); pixels are taken as they come,
   * since the former ones would not fit the new characters.
   *
   * @returns false if there is no terminal.
   */
  resize({ columns, rows, widthPixels, heightPixels }: TerminalSize): boolean {
    const former = this.#terminal;
    if (former === undefined) return false;
    const size = { columns: columns || former.columns, rows: rows || former.rows, widthPixels, heightPixels };
    this.#terminal = { ...former, ...size };
    for (const listener of [...(this.#resizeListeners ?? [])]) listener(size);
    return true;
  }

  /**
   * Starts the program (`shell`, `exec`, `subsystem`).
   *
   * @returns false if one was started already: a channel runs at most one (RFC 4254 section 6.5).
   */
  start(program: SessionProgram): boolean {
    if (this.#program !== undefined) return false;
    this.#program = program;
    return true;
  }

  /**
   * Passes a signal on to the program (`signal`, RFC 4254 section 6.9), named without `SIG`.
   *
   * @returns false if no program has started.
   */
  signal(name: string): boolean {
    if (this.#program === undefined) return false;
    for (const listener of [...(this.#signalListeners ?? [])]) listener(name);
    return true;
  }

  /** Calls `listener`, which must not throw, with each new size. @returns what takes it away again. */
  onResize(listener: (size: TerminalSize) => void): () => void {
    return listen((this.#resizeListeners ??= []), listener);
  }

  /** Calls `listener`, which must not throw, with each signal. @returns what takes it away again. */
  onSignal(listener: (signal: string) => void): () => void {
    return listen((this.#signalListeners ??= []), listener);
  }
}

const NOTHING: ReadonlyMap<string, string> = new Map();

const sizeOf = (name: string, value: string): number => Buffer.byteLength(name) + Buffer.byteLength(value);

/** Each call counts for itself, even with a function that listens already. */
function listen<T>(listeners: ((it: T) => void)[], listener: (it: T) => void): () => void {
  const entry = (it: T): void => {
    listener(it);
  };
  listeners.push(entry);
  return () => {
    const index = listeners.indexOf(entry);
    if (index !== -1) listeners.splice(index, 1);
  };
}
