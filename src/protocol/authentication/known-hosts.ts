import { type AuthorizedKeysProblem, parseAuthorizedKeys } from './authorized-keys.js';
import { HashedHostName } from './hashed-host-name.js';
import type { PublicKey } from './public-key.js';

/** A line of a known_hosts file that gives no key, and why. */
export interface KnownHostsProblem extends AuthorizedKeysProblem {
  /** Whether the line was to revoke a key: whoever leaves it out trusts what must not be trusted. */
  readonly isRevocation: boolean;
}

/** One line of a known_hosts file. */
export interface KnownHost {
  /** Line number, from 1. */
  readonly line: number;
  /** The names of the hosts: patterns, as the line has them, and names that are hashed. At least one. */
  readonly hosts: readonly (string | HashedHostName)[];
  /** `cert-authority` for a key that signs certificates of these hosts, `revoked` for one that must not be trusted. */
  readonly marker?: 'cert-authority' | 'revoked';
  readonly publicKey: PublicKey;
}

/** What {@link parseKnownHosts} found, in the order of the lines. */
export interface KnownHosts {
  readonly entries: readonly KnownHost[];
  readonly problems: readonly KnownHostsProblem[];
}

/** Far above any line that holds one key. */
const MAX_LINE_LENGTH = 65_536;

/** A marker, the hosts, the type of the key, the key; whatever follows is comment. */
const LINE = /^(?:(@\S+)\s+)?(\S+)\s+(\S+)\s+(\S+)/;

/**
 * Reads a file in the form of sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
 *
 * Blank lines and lines that begin with `#` are skipped. A line that is not understood, has a hashed name that is none, or whose key
 * is not supported, becomes a problem and never an entry, and the other lines still count. Never throws.
 */
export function parseKnownHosts(text: string): KnownHosts {
  const entries: KnownHost[] = [];
  const problems: KnownHostsProblem[] = [];
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const content = raw.length > MAX_LINE_LENGTH ? raw : raw.trim();
    if (content === '' || content.startsWith('#')) continue;
    const line = index + 1;
    const reading = readLine(content);
    if ('fault' in reading) {
      problems.push({ line, message: reading.fault, isRevocation: /^\s*@revoked\b/.test(content) });
    } else entries.push({ line, ...reading });
  }
  return { entries, problems };
}

function readLine(content: string): Omit<KnownHost, 'line'> | { readonly fault: string } {
  if (content.length > MAX_LINE_LENGTH) return { fault: `line is longer than ${String(MAX_LINE_LENGTH)} characters` };
  const [whole, marker, hosts = '', type = '', base64 = ''] = LINE.exec(content) ?? [];
  if (whole === undefined) return { fault: 'a line needs hosts, the type of a key and the key' };
  if (marker !== undefined && marker !== '@cert-authority' && marker !== '@revoked') {
    return { fault: 'the only markers are @cert-authority and @revoked' };
  }
  const names = readNames(hosts);
  if ('fault' in names) return names;
  // The key stands there as in an authorized_keys file.
  const { entries, problems } = parseAuthorizedKeys(`${type} ${base64}`);
  const [entry] = entries;
  if (entry === undefined) return { fault: problems[0]?.message ?? 'no key on this line' };
  return {
    hosts: names.hosts,
    publicKey: entry.publicKey,
    ...(marker === undefined ? {} : { marker: marker === '@revoked' ? 'revoked' : 'cert-authority' }),
  };
}

/** A name that nobody understands would be one that no host has: its key would be trusted for nobody, and revoked for nobody. */
function readNames(text: string): Pick<KnownHost, 'hosts'> | { readonly fault: string } {
  const hosts: (string | HashedHostName)[] = [];
  for (const name of text.split(',')) {
    if (name === '') continue;
    if (HashedHostName.isOne(name.replace(/^!/, ''))) {
      const hashed = HashedHostName.read(name);
      if (hashed === undefined)
        return { fault: 'a hashed name is |1|, a salt, | and a digest, both of 20 bytes in base64' };
      hosts.push(hashed);
    } else hosts.push(name);
  }
  return hosts.length > 0 ? { hosts } : { fault: 'there is no name of a host on this line' };
}
