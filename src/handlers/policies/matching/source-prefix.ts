import { bytesOf, type IpAddress, readIpAddress } from './ip-address.js';

/** How many leading bits of an address say where it comes from. */
export interface PrefixLengths {
  /** 0 to 32. */
  readonly ipv4: number;
  /** 0 to 128. A household or a rented machine usually has a /64, and can come from any address in it. */
  readonly ipv6: number;
}

/**
 * The network that `address` belongs to, as text by which networks are compared: `192.0.2.0/24`, `2001:db8::/64`.
 *
 * Undefined if `address` is none, such as that of a peer on a Unix socket. IPv4-mapped IPv6 counts as IPv4, and a zone
 * (`%eth0`) is dropped.
 */
export function sourcePrefix(address: string, prefix: PrefixLengths): string | undefined {
  const ip = readIpAddress(address);
  if (ip === undefined) return undefined;
  const length = prefix[ip.family];
  // Nothing to clear, as for nearly every client of many servers.
  if (ip.family === 'ipv4' && length === 32) return `${ip.address}/32`;
  return `${textOf(ip.family, masked(bytesOf(ip), length))}/${String(length)}`;
}

/** The bytes with every bit after the first `length` cleared. */
const masked = (bytes: Uint8Array, length: number): Uint8Array =>
  bytes.map((byte, index) => byte & ~(0xff >> Math.min(8, Math.max(0, length - index * 8))));

function textOf(family: IpAddress['family'], bytes: Uint8Array): string {
  if (family === 'ipv4') return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, group) =>
    (((bytes[2 * group] ?? 0) << 8) | (bytes[2 * group + 1] ?? 0)).toString(16),
  ).join(':');
  // Reading it again shortens it, as RFC 5952 has it.
  return readIpAddress(groups)?.address ?? groups;
}
