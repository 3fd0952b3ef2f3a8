import { filter, firstValueFrom, type Subscription, timer } from 'rxjs';

import type { TerminalSize } from '../../protocol/session-state.js';
import { type Clock, systemClock } from '../../streams/clock.js';
import { channelOpen } from '../channel-open.js';
import { channelRequest } from '../channel-request.js';
import { act, type ClientStep } from '../simulation/client-action.js';
import type { SimulatedClient, TimedOutcome } from '../simulation/simulated-client.js';
import type { FakeScript } from './fake-script.js';
import { TerminalScreen } from './terminal-screen.js';

/** What a {@link fakeTerminal} is like. */
export interface FakeTerminalOptions extends Pick<FakeScript, 'clock'> {
  /** Characters in a row. Default 80. */
  readonly columns?: number;
  /** Rows. Default 24. */
  readonly rows?: number;
  /** The value of `TERM`. Default `xterm-256color`. */
  readonly term?: string;
  /** From one keystroke to the next, in milliseconds. Default 0: what is typed is one piece, as if pasted. */
  readonly latencyMs?: number;
}

/** How far {@link FakeTerminal.open} got: a shell runs, or what was refused. */
export type TerminalOpening = 'open' | 'no session' | 'no terminal' | 'no shell';

/** The terminal of a user of a simulation. */
export class FakeTerminal {
  readonly #client: SimulatedClient;
  readonly #screen: TerminalScreen;
  readonly #clock: Clock;
  readonly #term: string;
  readonly #latencyMs: number;
  #size: Pick<TerminalSize, 'columns' | 'rows'>;
  #session: (Pick<TimedOutcome, 'connection'> & { readonly channel: number }) | undefined;
  #hearing: Subscription | undefined;
  #output = '';
  /** What is done at the terminal is done one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: SimulatedClient, options: FakeTerminalOptions) {
    const { columns = 80, rows = 24, term = 'xterm-256color', latencyMs = 0, clock = systemClock } = options;
    this.#client = client;
    this.#screen = new TerminalScreen(columns, rows);
    this.#size = { columns, rows };
    this.#term = term;
    this.#latencyMs = latencyMs;
    this.#clock = clock;
  }

  /** What can be seen, row by row, without blanks at the ends and without empty rows below. */
  get lines(): readonly string[] {
    return this.#screen.lines;
  }

  /** All rows, those that have scrolled away included. */
  get history(): readonly string[] {
    return this.#screen.history;
  }

  /** The row that the cursor stands in, as far as it is filled: the prompt with what was typed. */
  get line(): string {
    return this.#screen.lines[this.#screen.cursor.row] ?? '';
  }

  /** Where the cursor stands, row and column counted from 0. */
  get cursor(): { readonly row: number; readonly column: number } {
    return this.#screen.cursor;
  }

  /** Everything that was written to the terminal, with all control characters. */
  get output(): string {
    return this.#output;
  }

  /** Whether the session is still there. */
  get isOpen(): boolean {
    const session = this.#session;
    return (
      session !== undefined &&
      !this.#client.outcomes.some(
        (it) => it.connection === session.connection && (isOf(it, 'closed', session.channel) || isEnd(it)),
      )
    );
  }

  /** The status or signal that the shell has ended with; undefined as long as it has not told any. */
  get exit(): number | string | undefined {
    const session = this.#session;
    for (const it of this.#client.outcomes) {
      if (session === undefined || it.connection !== session.connection) continue;
      if (it.outcome === 'exited' && it.channel === session.channel) return it.exit;
    }
    return undefined;
  }

  /** Opens a session, asks for a terminal and starts the shell. Settles once the server has answered. */
  open(): Promise<TerminalOpening> {
    return this.#next(async () => {
      const opened = (await this.#client.perform(channelOpen.session())).find(({ outcome }) => outcome === 'opened');
      if (opened?.outcome !== 'opened') return 'no session';
      const { channel, connection } = opened;
      this.#session = { channel, connection };
      this.#hearing?.unsubscribe();
      this.#hearing = this.#client.hears
        .pipe(filter((it) => it.channel === channel && it.connection === connection))
        .subscribe(({ text }) => {
          this.#output += text;
          this.#screen.write(text);
        });
      if (!(await this.#ask(channelRequest.pty({ ...this.#size, term: this.#term })))) return 'no terminal';
      return (await this.#ask(channelRequest.shell())) ? 'open' : 'no shell';
    });
  }

  /**
   * Types `text`, one character after the other if there is a latency. Enter is `\r`, Backspace `\x7f`, Control-C `\x03`.
   *
   * Settles once all of it is sent. With a latency that takes time to pass: run the simulation meanwhile.
   */
  type(text: string): Promise<void> {
    return this.#next(async () => {
      if (this.#latencyMs === 0) {
        await this.#send(act.data(text));
        return;
      }
      for (const character of text) {
        await firstValueFrom(timer(this.#latencyMs, this.#clock.scheduler));
        await this.#send(act.data(character));
      }
    });
  }

  /** Changes the size of the window (RFC 4254 section 6.7). */
  resize(size: Partial<Pick<TerminalSize, 'columns' | 'rows'>>): Promise<void> {
    return this.#next(async () => {
      this.#size = { ...this.#size, ...size };
      this.#screen.resize(this.#size.columns, this.#size.rows);
      await this.#send(channelRequest.windowChange(this.#size));
    });
  }

  /** Sends a signal, named without `SIG` (RFC 4254 section 6.9). */
  signal(name: string): Promise<void> {
    return this.#next(() => this.#send(channelRequest.signal(name)));
  }

  /** Says that nothing more will be typed. */
  eof(): Promise<void> {
    return this.#next(() => this.#send(act.eof()));
  }

  /** Closes the window. */
  close(): Promise<void> {
    return this.#next(() => this.#send(act.close()));
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #send(step: ClientStep): Promise<void> {
    await this.#perform(step);
  }

  /** @returns whether the server has said yes */
  async #ask(step: ClientStep): Promise<boolean> {
    return (await this.#perform(step)).some((it) => isOf(it, 'done', this.#session?.channel));
  }

  #perform(step: ClientStep): Promise<readonly TimedOutcome[]> {
    if (this.#session === undefined) throw new TypeError('fakeTerminal: call open() first, and await it');
    return this.#client.perform(act.onChannel(this.#session.channel, step));
  }
}

/**
 * A terminal that belongs to a client of a simulation, and a user who sits at it: to test shells, REPLs and menus as they are
 * seen.
 *
 * The client has to have signed in. What is typed is sent as keys are, so nothing shows unless the program echoes it. Typing into
 * a session that is closed is an outcome `unsent` of the client.
 *
 * @example
 * ```ts
 * await using simulation = await simulate({
 *   policies: { SSHUserAuthRequest: [grantPassword(() => true)] },
 *   handlers: [shell((session) => session.write(`hello ${session.user}\n`).then(() => 0))],
 * });
 * const ann = simulation.client('192.0.2.7', 'cr', { r: authRequest.password('ann', 'right') });
 * await simulation.run();
 *
 * const terminal = fakeTerminal(ann, { columns: 40 });
 * await terminal.open();
 * await simulation.run('1ms');
 * console.log(terminal.lines); // ['hello ann']
 * ```
 */
export const fakeTerminal = (client: SimulatedClient, options: FakeTerminalOptions = {}): FakeTerminal =>
  new FakeTerminal(client, options);

const isOf = (it: TimedOutcome, outcome: 'closed' | 'done', channel: number | undefined): boolean =>
  it.outcome === outcome && it.channel === channel;

const isEnd = ({ outcome }: TimedOutcome): boolean => outcome === 'disconnected';
