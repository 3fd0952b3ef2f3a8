import type { ClientStep } from '../simulation/client-action.js';
import { type HistoryMove, literal } from './history-step.js';

/** One client of a {@link ClientHistory}. */
export interface HistoryClient {
  readonly address: string;
  /** Whether it waits for a step of its own to ask for authentication as a service. */
  readonly silent: boolean;
  readonly moves: readonly HistoryMove[];
}

/** What `Simulation.client` takes to do what a client of a history does. */
export interface HistoryScript {
  readonly marbles: string;
  readonly values: Readonly<Record<string, ClientStep>>;
  /** The lines of `values`, as a test would have them. */
  readonly legend: readonly string[];
}

/** What has a meaning of its own in the marbles of a client. */
const BUILT_IN: ReadonlyMap<string, string> = new Map([
  ['connectionRequest()', 'c'],
  ['channelOpen.session()', 's'],
  ['act.disconnect()', '|'],
  ['act.reset()', '#'],
]);

/** `c` and `s` are taken. */
const LETTERS: readonly string[] = Array.from('abdefghijklmnopqrtuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ');

/** As long as dashes are easier to read than a time. */
const MAX_DASHES = 4;

/** How fast-check asks a value for its text. The registry of symbols is shared, so it need not be there. */
const TO_STRING = Symbol.for('fast-check/toStringMethod');

/**
 * What one or several clients do, one beside the other. Its text is a piece of a test: paste it behind a `simulate` call.
 *
 * @example
 * ```ts
 * declare const history: ClientHistory;
 * console.log(String(history));
 * // simulation.client('192.0.2.7', 'cp|', {
 * //   p: authRequest.password('ann', 'right'),
 * // });
 * ```
 */
export class ClientHistory {
  readonly clients: readonly HistoryClient[];

  constructor(clients: readonly HistoryClient[]) {
    this.clients = clients;
  }

  /** Each client in turn as the call that adds it to a simulation. */
  toString(): string {
    return this.clients.map((it) => clientCall(it)).join('\n');
  }

  /** What fast-check prints. */
  [TO_STRING](): string {
    return `\n${this.toString()}\n`;
  }
}

/** The marbles of a client and what their letters mean. */
export function scriptOf({ moves }: HistoryClient): HistoryScript {
  const letters = new Map<string, string>();
  const values: Record<string, ClientStep> = {};
  const legend: string[] = [];
  const letterOf = ({ letter, code, step, note }: HistoryMove): string => {
    const known = BUILT_IN.get(code) ?? letters.get(code);
    if (known !== undefined) return known;
    const taken = (it: string): boolean => !LETTERS.includes(it) || Object.hasOwn(values, it);
    const free = [letter, letter.toUpperCase(), ...LETTERS].find((it) => !taken(it));
    if (free === undefined) throw new RangeError(`a history of more than ${String(LETTERS.length)} kinds of steps`);
    letters.set(code, free);
    values[free] = step;
    legend.push(`${free}: ${code},${note === undefined ? '' : ` // ${note}`}`);
    return free;
  };
  return { marbles: draw(moves.map((move) => ({ letter: letterOf(move), pause: move.pause }))), values, legend };
}

function draw(marbles: readonly { readonly letter: string; readonly pause: HistoryMove['pause'] }[]): string {
  const groups: { pause: number; letters: string }[] = [];
  for (const { letter, pause } of marbles) {
    const last = groups.at(-1);
    if (pause === 'together' && last !== undefined) last.letters += letter;
    else groups.push({ pause: pause === 'together' ? 0 : pause, letters: letter });
  }
  return groups
    .map(({ pause, letters }) => `${drawPause(pause)}${letters.length === 1 ? letters : `(${letters})`}`)
    .join('')
    .trim();
}

function drawPause(ms: number): string {
  if (ms <= MAX_DASHES) return '-'.repeat(ms);
  if (ms % 60_000 === 0) return ` ${String(ms / 60_000)}m `;
  return ms % 1000 === 0 ? ` ${String(ms / 1000)}s ` : ` ${String(ms)}ms `;
}

function clientCall(client: HistoryClient): string {
  const { marbles, legend } = scriptOf(client);
  const values = legend.length === 0 ? '{}' : `{\n${legend.map((line) => `  ${line}\n`).join('')}}`;
  const rest = client.silent ? [values, '{ asksForService: false }'] : legend.length === 0 ? [] : [values];
  return `simulation.client(${[literal(client.address), literal(marbles), ...rest].join(', ')});`;
}
