import type { Comparison } from './two-samples.js';

/** What a comparison has shown. */
export type Equivalence = 'the same' | 'differs' | 'undecided';

/**
 * Whether two samples are the same but for `margin`: all that the difference may be, with 95 % confidence, has to be smaller. That
 * chance alone may explain it is not enough, since chance explains anything if the noise is loud.
 *
 * @param margin - in the unit of the samples
 */
export function equivalence([least, most]: Comparison['interval'], margin: number): Equivalence {
  if (least > -margin && most < margin) return 'the same';
  return least >= margin || most <= -margin ? 'differs' : 'undecided';
}
