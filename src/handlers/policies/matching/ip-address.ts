import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** An address in the one form in which addresses are compared. */
export interface IpAddress {
  readonly family: 'ipv4' | 'ipv6';
  /** The shortest form, in lower case, without a zone. An IPv4-mapped IPv6 address is given as the IPv4 address. */
  readonly address: string;
}

const MAPPED = '::ffff:';

/**
 * Reads an address; undefined if it is none.
 *
 * An IPv6 zone (`%eth0`) is dropped: it says by which interface the client came, not who it is.
 */
export function readIpAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { family: 'ipv4', address: text };
  if (!isIPv6(text)) return undefined;

  const [bare] = text.split('%');
  const { address } = new SocketAddress({ family: 'ipv6', address: bare ?? text });
  if (!address.startsWith(MAPPED)) return { family: 'ipv6', address };
  const last = address.slice(MAPPED.length);
  return isIPv4(last) ? { family: 'ipv4', address: last } : { family: 'ipv6', address };
}

/** The bits of an address, most significant byte first: 4 bytes for IPv4, 16 for IPv6. */
export function bytesOf({ family, address }: IpAddress): Uint8Array {
  if (family === 'ipv4') return Uint8Array.from(address.split('.'), Number);

  const [head = '', tail] = address.split('::');
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}

/** The 16-bit groups of one side of `::`. The system prints the last two of some addresses as an IPv4 address. */
function groupsOf(side: string): readonly number[] {
  if (side === '') return [];
  return side.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
