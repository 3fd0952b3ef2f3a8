import type { Credential } from './credential.js';
import type { HistoryStep } from './history-step.js';

/** What the clients of generated histories have at hand, right or wrong: every user tries everything. */
export interface HistoryOptions {
  /** User names, those included who do not exist. At least one. */
  readonly users: readonly string[];
  /** Passwords that are tried. Default none but a wrong one, which is always tried. */
  readonly passwords?: readonly string[];
  /** Lines of public keys, as in a `.pub` file: each is offered, proven and refuted. Default none. */
  readonly keys?: readonly string[];
  /** Answers to questions (RFC 4256), one list for each round that is answered. Default none but a wrong one. */
  readonly answers?: readonly (readonly string[])[];
  /**
   * Whether somebody with these credentials is to get in, if nothing else stands in the way. Histories that are to get
   * somewhere begin with such a sign-in, of one step or two: `earlier` holds the first. No clients do if nothing fits.
   */
  readonly mayEnter: (credential: Credential, earlier: readonly Credential[]) => boolean;
  /** What clients run. Default `true`. */
  readonly commands?: readonly string[];
  /** Where clients come from; several may come from the same place. Default three addresses. */
  readonly addresses?: readonly string[];
  /** Clients of one history. Default 3. */
  readonly maxClients?: number;
  /** Steps of one client behind its sign-in. Default 12. */
  readonly maxSteps?: number;
  /** The window that the server grants, in bytes, so that clients can overrun it. Default 2 MiB, as the server's. */
  readonly windowSize?: number;
  /** Further steps, taken as often as those of any other kind. Default none. */
  readonly steps?: readonly HistoryStep[];
}
