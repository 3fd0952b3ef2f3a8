import type { Observable } from 'rxjs';

import type { Verdict } from './verdict.js';

/**
 * An operator over verdicts: the one shape of every rule, in a `.pipe()`, in a decorated method, in a plugin.
 *
 * It emits exactly one verdict for each it receives, about the same request. It may deny, may grant an open verdict, may add
 * a lease; it never drops a verdict and never revives a denied one. It may answer later and out of order.
 */
export type Policy<R> = (verdict$: Observable<Verdict<R>>) => Observable<Verdict<R>>;
