import { readIpAddress } from '../matching/ip-address.js';
import { WildcardPattern } from '../matching/wildcard-pattern.js';

/** A host, or a pattern of hosts, and a port. */
interface ForwardPlace {
  readonly isHost: (host: string) => boolean;
  /** Undefined for every port. */
  readonly port: number | undefined;
}

/** Hosts and ports, as the options `permitopen` and `permitlisten` of an authorized_keys line name them. */
export type ForwardPlaces = readonly ForwardPlace[];

/** What {@link readForwardOption} makes of a value. */
export type ForwardOptionReading = ForwardPlace | { readonly fault: string };

/** `host:port` or `[host]:port`, where the host may be left out with its colon. */
const FORM = /^(?:(?:\[([^\]]*)\]|([^[\]:]*)):)?(\d{1,5}|\*)$/;

/**
 * Reads the value of `permitopen`, `host:port`, or of `permitlisten`, `[host:]port` (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
 *
 * Of `permitopen` hosts are literal, but for `*`; those of `permitlisten` may have wildcards. `*` is every port. Nothing is looked
 * up; one address is the same in all ways to write it.
 */
export function readForwardOption(option: 'permitopen' | 'permitlisten', value: string): ForwardOptionReading {
  const match = FORM.exec(value);
  if (match === null) return { fault: 'the value is not host:port' };
  const [, bracketed, plain, portText = ''] = match;
  const host = bracketed ?? plain;
  if (host === '' || (host === undefined && option === 'permitopen')) return { fault: 'the value names no host' };
  const port = portText === '*' ? undefined : Number(portText);
  if (port !== undefined && (port > 65_535 || (port === 0 && option === 'permitopen'))) {
    return { fault: 'the port is out of range' };
  }
  return { isHost: hostMatcher(option, host ?? '*'), port };
}

/** Whether `host` and `port`, as the client writes them, are among the places. */
export const hasPlace = (places: ForwardPlaces, host: string, port: number): boolean =>
  places.some((place) => place.isHost(host) && (place.port === undefined || place.port === port));

function hostMatcher(option: 'permitopen' | 'permitlisten', host: string): ForwardPlace['isHost'] {
  if (host === '*') return () => true;
  const wanted = canonical(host);
  if (option === 'permitopen' || !/[*?]/.test(host)) return (asked) => canonical(asked) === wanted;
  const pattern = new WildcardPattern(wanted);
  return (asked) => pattern.matches(canonical(asked));
}

const canonical = (host: string): string => readIpAddress(host)?.address ?? host.toLowerCase();
