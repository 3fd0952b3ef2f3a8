import { AddressList } from './address-list.js';
import { hostName } from './host-name.js';
import { WildcardPattern } from './wildcard-pattern.js';

/** What can only be meant for an address: digits, dots and wildcards alone, or with a colon or slash. */
const ADDRESS_LIKE = /^[\d.*?]*$|[:/]/;

/** Labels of a host name with wildcards. DNS knows other characters than these, host names do not. */
const NAME = /^[a-z\d_*?-]+(?:\.[a-z\d_*?-]+)*\.?$/i;

/**
 * A set of hosts, written as a list of addresses, as {@link AddressList} reads them, and of host names with wildcards.
 *
 * A name is `db.example.com`, `*.example.com` (not `example.com` itself) or `build-?.example.com`. Upper and lower case are
 * the same, and so is a name with a dot at its end. Names beyond ASCII are written as DNS has them, `xn--` and so on. A
 * wildcard stands for characters of host names only, see {@link hostName}.
 * Addresses match entries that are addresses and names match entries that are names; nothing is looked up.
 */
export class HostList {
  /** Whether a name is on the list, apart from `*`, which stands for everybody. */
  readonly hasNames: boolean;
  readonly #addresses: AddressList;
  readonly #names: readonly WildcardPattern[];
  readonly #all: boolean;

  private constructor(addresses: AddressList, names: readonly string[], all: boolean) {
    this.hasNames = names.length > 0;
    this.#addresses = addresses;
    this.#names = names.map((name) => new WildcardPattern(name.toLowerCase().replace(/\.$/, '')));
    this.#all = all;
  }

  /** Reads the entries; gives the first that cannot be read, and why, if there is one. */
  static read(
    entries: Iterable<string>,
  ): { readonly list: HostList } | { readonly entry: string; readonly fault: string } {
    const addresses: string[] = [];
    const names: string[] = [];
    let unread: string | undefined;
    for (const entry of entries) {
      // JavaScript may bring what is no text; the list of addresses says so.
      if (typeof entry !== 'string' || ADDRESS_LIKE.test(entry)) addresses.push(entry);
      else if (NAME.test(entry)) names.push(entry);
      else unread = entry;
      if (unread !== undefined) break;
    }
    const reading = AddressList.read(addresses);
    if ('fault' in reading) return reading;
    if (unread !== undefined) return { entry: unread, fault: 'it is neither an address, a CIDR block nor a host name' };
    return { list: new HostList(reading.list, names, addresses.includes('*')) };
  }

  /** Whether an address is on the list; undefined if `address` is not an address. */
  hasAddress(address: string): boolean | undefined {
    return this.#addresses.has(address);
  }

  /** Whether a host name is on the list; what is no host name is on none but that of everybody. */
  hasName(name: string): boolean {
    if (this.#all) return true;
    const wanted = hostName(name);
    return wanted !== undefined && this.#names.some((pattern) => pattern.matches(wanted));
  }

  /** Whether a host is on the list that is given by its address or by its name, as text has it. */
  has(host: string): boolean {
    return this.hasAddress(host) ?? this.hasName(host);
  }
}
