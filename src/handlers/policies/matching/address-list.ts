import { BlockList } from 'node:net';

import { bytesOf, type IpAddress, readIpAddress } from './ip-address.js';
import { Ipv4Pattern } from './ipv4-pattern.js';

/** Bits of an address of each family. */
const BITS = { ipv4: 32, ipv6: 128 } as const;

/** IPv4-mapped IPv6 addresses are those in `::ffff:0:0/96`. */
const MAPPED_BITS = 96;

/** Digits, dots and at least one wildcard. */
const WILD_IPV4 = /^[\d.]*[*?][\d.*?]*$/;

/** Part of a list: every address, those that match a pattern, or those that share the first bits. */
type AddressRange = 'all' | Ipv4Pattern | (IpAddress & { readonly prefix: number });

/**
 * A set of addresses, written as a list of addresses, CIDR blocks and IPv4 addresses with wildcards.
 *
 * An entry is `192.0.2.7`, `192.0.2.0/24`, `192.0.2.*` (see {@link Ipv4Pattern}), `2001:db8::/32`, or `*` for every
 * address. IPv6 has no wildcards: one address can be written in too many ways. IPv4-mapped IPv6 counts as IPv4
 * throughout: in the list, in the addresses asked for, and so `::/0` does not contain an IPv4 client.
 */
export class AddressList {
  // One list a family: the rules of how the two mix are then ours alone. None without entries, since Node makes an object of
  // the address before it looks at the list.
  readonly #blocks: { -readonly [Family in IpAddress['family']]?: BlockList } = {};
  readonly #patterns: Ipv4Pattern[] = [];
  #all = false;

  private constructor(ranges: Iterable<AddressRange>) {
    for (const range of ranges) {
      if (range === 'all') this.#all = true;
      else if (range instanceof Ipv4Pattern) this.#patterns.push(range);
      else (this.#blocks[range.family] ??= new BlockList()).addSubnet(range.address, range.prefix, range.family);
    }
  }

  /** Reads the entries; gives the first that cannot be read, and why, if there is one. */
  static read(
    entries: Iterable<string>,
  ): { readonly list: AddressList } | { readonly entry: string; readonly fault: string } {
    const ranges: AddressRange[] = [];
    for (const entry of entries) {
      const range = readRange(entry);
      if (range !== 'all' && 'fault' in range) return { entry, fault: range.fault };
      ranges.push(range);
    }
    return { list: new AddressList(ranges) };
  }

  /** Whether the list contains `address`; undefined if that is not an address, so that nobody takes it for either. */
  has(address: string): boolean | undefined {
    const ip = readIpAddress(address);
    if (ip === undefined) return undefined;
    if (this.#all || this.#blocks[ip.family]?.check(ip.address, ip.family) === true) return true;
    return ip.family === 'ipv4' && this.#patterns.some((pattern) => pattern.matches(ip.address));
  }
}

function readRange(entry: string): AddressRange | { readonly fault: string } {
  if (typeof entry !== 'string') return { fault: 'it is not text' };
  if (entry === '*') return 'all';
  if (WILD_IPV4.test(entry)) {
    return Ipv4Pattern.read(entry) ?? { fault: 'its wildcards fit no IPv4 address: write four parts, or end in .*' };
  }
  const [text = '', bits, ...rest] = entry.split('/');
  const ip = text.includes('%') ? undefined : readIpAddress(text);
  if (ip === undefined || rest.length > 0) return { fault: 'it is neither an address nor a CIDR block' };
  if (bits === undefined) return { ...ip, prefix: BITS[ip.family] };

  // Written as IPv6 and read as IPv4: the bits count from another place.
  const mapped = ip.family === 'ipv4' && text.includes(':');
  const lowest = mapped ? MAPPED_BITS : 0;
  const highest = mapped ? BITS.ipv6 : BITS[ip.family];
  const length = /^(?:0|[1-9]\d{0,2})$/.test(bits) ? Number(bits) : NaN;
  if (!(length >= lowest && length <= highest)) {
    return { fault: `its prefix length must be ${String(lowest)} to ${String(highest)}` };
  }
  const prefix = length - lowest;
  // More was meant than an address and less than a block: opening the whole block could be a mistake.
  if (hasHostBits(ip, prefix)) return { fault: `it has bits set beyond the first ${String(length)}` };
  return { ...ip, prefix };
}

/** Whether a bit after the first `prefix` is set. */
const hasHostBits = (ip: IpAddress, prefix: number): boolean =>
  bytesOf(ip).some((byte, index) => (byte & (0xff >> Math.min(8, Math.max(0, prefix - index * 8)))) !== 0);
