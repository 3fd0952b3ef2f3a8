import { map } from 'rxjs';

import type { ServeChannel } from '../../streams/channel.js';
import type { Policy } from '../../streams/policy.js';
import { type PolicyName, serveWith } from '../../streams/verdict.js';

/** What all routes share: grants an open request for which `find` knows what to run, and leaves the others as they are. */
export const routePolicy = <R>(by: PolicyName, find: (request: R) => ServeChannel | undefined): Policy<R> =>
  map((verdict) => {
    const serve = verdict.state === 'open' ? find(verdict.request) : undefined;
    return serve === undefined ? verdict : serveWith(verdict, by, serve);
  });
