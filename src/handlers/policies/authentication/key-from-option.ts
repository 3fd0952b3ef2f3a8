import { AddressList } from '../matching/address-list.js';
import { readIpAddress } from '../matching/ip-address.js';
import { WildcardPattern } from '../matching/wildcard-pattern.js';

/** Which client addresses may use a key. */
export interface KeyOrigin {
  /** False for an address that is not on the list, is excluded from it, or cannot be read. */
  admits(address: string): boolean;
}

/** Tells whether an address matches one pattern of the list. */
type Pattern = (address: string) => boolean;

/** Wildcards of ssh_config(5), PATTERNS, and the characters of addresses. */
const WILD = /[*?]/;
const ADDRESS_OR_WILD = /^[\da-f.:*?]+$/i;

/**
 * Reads the value of the option `from` of an authorized_keys line: addresses, CIDR blocks and patterns such as
 * `192.0.2.*`, separated by commas; one that begins with `!` excludes (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
 *
 * Host names are refused: nothing here looks names up, and the owner of an address decides what its name is. So are
 * wildcards that exclude IPv6 addresses: they match one way of writing, and would let in what was to be kept out.
 */
export function readFromOption(value: string): KeyOrigin | { readonly fault: string } {
  const included: Pattern[] = [];
  const excluded: Pattern[] = [];
  for (const [index, item] of value.split(',').entries()) {
    const negated = item.startsWith('!');
    const pattern = negated ? readExclusion(item.slice(1)) : readPattern(item);
    if ('fault' in pattern) return { fault: `entry ${String(index + 1)} cannot be used, since ${pattern.fault}` };
    (negated ? excluded : included).push(pattern);
  }
  return {
    admits: (address) => {
      const ip = readIpAddress(address);
      if (ip === undefined) return false;
      return included.some((matches) => matches(ip.address)) && !excluded.some((matches) => matches(ip.address));
    },
  };
}

function readExclusion(item: string): Pattern | { readonly fault: string } {
  if (WILD.test(item) && item.includes(':')) {
    return { fault: 'what is excluded cannot be IPv6 with wildcards: write a CIDR block' };
  }
  return readPattern(item);
}

function readPattern(item: string): Pattern | { readonly fault: string } {
  if (WILD.test(item) && ADDRESS_OR_WILD.test(item)) {
    const pattern = new WildcardPattern(item.toLowerCase());
    return (address) => pattern.matches(address);
  }
  const reading = AddressList.read([item]);
  if ('fault' in reading) return { fault: `${reading.fault}, and names are not looked up` };
  return (address) => reading.list.has(address) === true;
}
