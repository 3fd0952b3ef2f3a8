import type { HostKeyOffer } from '../../transport/host-keys/host-key-offer.js';
import { GlobalRequest } from '../messages/global-request.js';
import { GlobalRequestDetail } from '../messages/global-request-detail.js';

/** The payloads, one for each offer: they are the same for all connections. */
const payloads = new WeakMap<HostKeyOffer, Buffer>();

/**
 * Clients that end the connection when they hear `hostkeys-00@openssh.com`, by the software version of their identification line;
 * the same as those that OpenSSH spares.
 */
const OVERTAXED = /^SSH-2\.0-(?:Cisco-1\.|TeraTerm SSH|TTSSH\/(?:1\.5\.|2\.[1-6]|2\.7[0-2]))/u;

/**
 * The payload that tells a client all host keys (`hostkeys-00@openssh.com`, OpenSSH PROTOCOL section 2.5), so that it can learn those
 * to come and forget those that are gone.
 *
 * @param clientVersion - The client's identification line
 * @returns undefined for a client that would not bear it
 */
export function hostKeyAnnouncement(offer: HostKeyOffer, clientVersion: string): Buffer | undefined {
  if (OVERTAXED.test(clientVersion)) return undefined;
  const known = payloads.get(offer);
  if (known !== undefined) return known;
  const requestName = 'hostkeys-00@openssh.com';
  const data = GlobalRequestDetail.encode({ type: requestName, hostKeys: offer.keys.map((key) => key.publicBlob) });
  const payload = GlobalRequest.encode({ requestName, wantReply: false, data });
  payloads.set(offer, payload);
  return payload;
}
