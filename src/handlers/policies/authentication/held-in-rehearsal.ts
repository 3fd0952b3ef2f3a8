import { firstValueFrom, from } from 'rxjs';

import type { Verdict } from '../../../streams/verdict.js';
import { type Answer, isPending } from '../answer.js';

/** Where recorded traffic is decided again, the answer of a source that takes real time is waited for; see {@link PolicyContext.hold}. */
export function heldInRehearsal<R>({ context }: Verdict<R>, answer: Answer<Verdict<R>>): Answer<Verdict<R>> {
  if (context?.hold === undefined || !isPending(answer)) return answer;
  const work = firstValueFrom(from(answer));
  context.hold(work);
  return work;
}
