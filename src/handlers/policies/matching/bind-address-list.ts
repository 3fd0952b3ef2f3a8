import { HostList } from './host-list.js';
import { readIpAddress } from './ip-address.js';

/** How a client writes that it means every address of the server (RFC 4254 section 7.1, and OpenSSH's `*`). */
const EVERY_ADDRESS: ReadonlySet<string> = new Set(['', '*', '0.0.0.0', '::']);

/**
 * A set of addresses to listen on, written as {@link HostList} reads them: `localhost`, `127.0.0.1`, `10.0.0.0/8`.
 *
 * Every address of the server at once is only on a list that says so: by `*`, or by `0.0.0.0` or `::` where the client
 * writes the same. No block contains it, though in numbers `0.0.0.0/0` contains `0.0.0.0`.
 */
export class BindAddressList {
  readonly #hosts: HostList;
  /** What is on the list of the ways to mean every address. */
  readonly #every: ReadonlySet<string>;

  private constructor(hosts: HostList, every: Iterable<string>) {
    this.#hosts = hosts;
    this.#every = new Set(every);
  }

  /** Reads the entries; gives the first that cannot be read, and why, if there is one. */
  static read(
    entries: readonly string[],
  ): { readonly list: BindAddressList } | { readonly entry: string; readonly fault: string } {
    const reading = HostList.read(entries);
    return 'fault' in reading ? reading : { list: new BindAddressList(reading.list, everyAddress(entries)) };
  }

  /** Whether the client may listen on `addressToBind`, as it was sent. */
  has(addressToBind: string): boolean {
    const address = canonical(addressToBind);
    if (!EVERY_ADDRESS.has(address)) return this.#hosts.has(addressToBind);
    return this.#every.has('*') || this.#every.has(address);
  }
}

const canonical = (text: string): string => readIpAddress(text)?.address ?? text;

const everyAddress = (entries: readonly string[]): readonly string[] =>
  entries.map(canonical).filter((address) => EVERY_ADDRESS.has(address));
