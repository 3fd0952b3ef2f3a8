import type { AdmissionLimits } from '../../../streams/admission.js';
import type { ProtocolLimits } from '../../../protocol/limits.js';
import type { Credential } from '../credential.js';
import type { HistoryTrace } from '../history-trace.js';

/** What a server is held to beside what holds for all. */
export interface InvariantOptions {
  /**
   * Who may get in: the grant of an authentication must rest on such a credential. Policies may deny more; say here what
   * would be a break-in. `earlier` are the steps that the same user has passed before on the connection, where it takes several.
   */
  readonly mayEnter: (credential: Credential, earlier: readonly Credential[]) => boolean;
  /** The limits that the server was made with. Default those of every server. */
  readonly limits?: Partial<ProtocolLimits & AdmissionLimits>;
}

/** Something that holds for every server, whatever its clients do. */
export interface Invariant {
  /** What holds, in a few words. */
  readonly name: string;
  /** Says where it does not hold: one line for each place. */
  check(trace: HistoryTrace, options: InvariantOptions): Iterable<string>;
}
