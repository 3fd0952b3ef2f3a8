import type { HostKey } from '../../src/index.js';
import { ALGORITHM_PRESETS } from '../../src/transport/algorithm-presets.js';
import { type HostKeyOffer, offerHostKeys } from '../../src/transport/host-keys/host-key-offer.js';

/** What a server offers that has these keys and all algorithms. */
export function offerOf(hostKeys: readonly HostKey[]): HostKeyOffer {
  const offer = offerHostKeys(hostKeys, ALGORITHM_PRESETS.compatible, () => true);
  if (offer === undefined) throw new Error('none of the keys is of use');
  return offer;
}
