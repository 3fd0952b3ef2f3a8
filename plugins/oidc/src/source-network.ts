import { isIPv6 } from 'node:net';

/** An IPv6 subscriber has 64 bits of addresses to come from; whoever counts single ones counts nothing. */
const GROUPS = 4;

/** The network that an address is counted with: an IPv4 address itself, of an IPv6 address the first half. */
export function sourceNetwork(address: string): string {
  if (!isIPv6(address)) return address;
  const [before = '', after] = (address.split('%', 1)[0] ?? '').split('::');
  const head = groupsOf(before);
  const tail = after === undefined ? [] : groupsOf(after);
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  return [...head, ...zeros, ...tail]
    .slice(0, GROUPS)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

const groupsOf = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));
