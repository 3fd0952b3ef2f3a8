import { map } from 'rxjs';

import type { ConnectionInfo } from '../../streams/connection-info.js';
import { DenyReason } from '../../streams/deny-reason.js';
import type { Policy } from '../../streams/policy.js';
import { deny } from '../../streams/verdict.js';
import { AddressList } from './address-list.js';
import { policyOptionError } from './policy-option-error.js';
import { policyName, type PolicyOptions } from './policy-options.js';

/** Every request of a server is one of these. */
export interface FromConnection {
  readonly connection: ConnectionInfo;
}

/**
 * What {@link allowFrom} and {@link denyFrom} share: denies a request unless its client is, as `wanted` has it, on the
 * list or off it. A client without an address that can be read is denied either way.
 */
export function addressPolicy<R extends FromConnection>(
  policy: string,
  entries: readonly string[],
  wanted: boolean,
  options: PolicyOptions,
): Policy<R> {
  const by = policyName(policy, options);
  if (!Array.isArray(entries)) throw policyOptionError(policy, 'list', 'must be an array of addresses', entries);
  const reading = AddressList.read(entries);
  if ('fault' in reading) {
    throw policyOptionError(policy, 'list', `has an entry that cannot be used, since ${reading.fault}`, reading.entry);
  }
  const { list } = reading;

  return map((verdict) =>
    list.has(verdict.request.connection.remoteAddress) === wanted
      ? verdict
      : deny(verdict, by, DenyReason.AddressNotAllowed),
  );
}
