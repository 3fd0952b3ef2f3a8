import { readRecording } from '../../recording/read-recording.js';
import { DenyReason } from '../../streams/deny-reason.js';
import type { Decided } from '../../streams/events/decided.js';
import type { SshRequest } from '../../streams/events/ssh-request.js';
import type { Recollection } from '../../streams/rehearsal.js';
import type { PolicyName } from '../../streams/verdict.js';

/** What a recording says of one credential: what it was, and for which policy. */
interface Fact {
  readonly recollection: Recollection;
  readonly by: PolicyName;
}

/** What a recording knows of the credentials whose text it does not keep. */
export class Recollections {
  readonly #facts = new Map<string, Fact>();

  /** Reads the recording at `path` once: what became of a request stands behind it. */
  static async from(path: string): Promise<Recollections> {
    const recollections = new Recollections();
    const numbers = new WeakMap<SshRequest, number>();
    let run = 0;
    for await (const line of readRecording(path)) {
      if (line.kind === 'part') run = line.header.run;
      if (line.kind !== 'event') continue;
      const { event, seq } = line;
      if (event.type === 'SSHUserAuthRequest' && isSecret(event)) numbers.set(event, seq);
      if (event.type !== 'Decided') continue;
      const number = numbers.get(event.request);
      const fact = number === undefined ? undefined : factOf(event);
      if (number !== undefined && fact !== undefined) recollections.#facts.set(keyOf(run, number), fact);
    }
    return recollections;
  }

  /** What the credential of an event was to the policy called `by`; undefined if the recording does not know. */
  recall(run: number, seq: number, by: PolicyName): Recollection | undefined {
    const fact = this.#facts.get(keyOf(run, seq));
    if (fact === undefined) return undefined;
    if (fact.by === by) return fact.recollection;
    // If it was right for one, it was not for those who did not know it then; if it was wrong for one, others may not have seen it.
    return fact.recollection === 'wrong' ? undefined : 'wrong';
  }
}

const keyOf = (run: number, seq: number): string => `${String(run)}:${String(seq)}`;

/** Whether what a request proves is left out of recordings. */
const isSecret = (request: SshRequest): boolean =>
  request.type === 'SSHUserAuthRequest' &&
  (request.method === 'password' || (request.method === 'keyboard-interactive' && request.stage === 'answered'));

/** A step that others have to follow was right by itself. */
const isAskedAgain = ({ provisional, partial }: Extract<Decided, { readonly outcome: 'granted' }>): boolean =>
  provisional === true && partial !== true;

function factOf(decided: Decided): Fact | undefined {
  switch (decided.outcome) {
    case 'granted':
      return { recollection: isAskedAgain(decided) ? 'again' : 'right', by: decided.by };
    case 'denied':
      if (decided.overruled !== undefined) {
        return { recollection: decided.overruled.provisional === true ? 'again' : 'right', by: decided.overruled.by };
      }
      // Whoever is denied for another reason may have had the right password.
      return decided.reason === DenyReason.BadCredential ? { recollection: 'wrong', by: decided.by } : undefined;
    case 'revoked':
      return undefined;
    default:
      return decided satisfies never;
  }
}
