import type { ApplicationServer } from '../../../src/index.js';
import type { ClientStep, SimulateOptions } from '../../../src/testing/index.js';

/** Where a scenario is played: in the simulator, or on a server with real clients. */
export interface Stage {
  readonly server: ApplicationServer;
  /** Has a client do something; waits until nothing moves any more. */
  take(client: string, move: Move): Promise<void>;
  /** Lets virtual time pass; waits until nothing moves any more. */
  pass(ms: number): Promise<void>;
}

/**
 * What a client does at once: a step, or the steps of a session as one call of `ssh2` takes them, which are a session, its
 * variables, its terminal and its program. If one of these is refused the rest is left out, and the channel closed.
 */
export type Move = ClientStep | readonly ClientStep[];

/** A move of Ann, or whatever else happens. */
export type Act = Move | ((stage: Stage) => unknown);

/** One run of a scenario: policies remember, so each run has its own. */
export interface Play {
  readonly options: Omit<SimulateOptions, 'policies' | 'startAt' | 'onWarning'>;
  readonly acts: readonly Act[];
}

/** What happens between clients and a server, with no word on when. */
export interface Scenario {
  readonly name: string;
  /** Who is the client in reality: the `ssh2` package, or one that sends what no decent client would. Default `ssh2`. */
  readonly client?: 'ssh2' | 'wire';
  /** What the clients learn in the end, by the letters of a simulation's `expectClient`. */
  readonly learns: string;
  /** Makes a run. */
  readonly play: () => Play;
}

/** Who takes the moves that name nobody. */
export const ANN = 'ann';

/** Where each client is. */
export const ADDRESSES: Readonly<Record<string, string>> = {
  [ANN]: '192.0.2.7',
  bob: '198.51.100.9',
  carol: '192.0.2.7',
};

/** Lets time pass. */
export const pass =
  (ms: number): Act =>
  (stage) =>
    stage.pass(ms);

/** A move of Bob, at another address. */
export const bob =
  (move: Move): Act =>
  (stage) =>
    stage.take('bob', move);
