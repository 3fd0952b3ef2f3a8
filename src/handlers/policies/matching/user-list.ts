import { HostList } from './host-list.js';
import { WildcardPattern } from './wildcard-pattern.js';

/** One entry: users, and where from if it says so. */
interface UserEntry {
  readonly user: WildcardPattern;
  readonly from: HostList | undefined;
}

/** The places where a user is on a list. */
export interface UserPlaces {
  /** Wherever they are. */
  readonly everywhere: boolean;
  /** From these hosts. */
  readonly hosts: readonly HostList[];
}

/**
 * A list of users, each entry a name with wildcards or `user@host`, as AllowUsers of sshd_config(5) has them.
 *
 * The host follows the last `@`, so the user `ann@corp` is written `ann@corp@*`. Upper and lower case of users differ.
 */
export class UserList {
  readonly #entries: readonly UserEntry[];

  private constructor(entries: readonly UserEntry[]) {
    this.#entries = entries;
  }

  /** Reads the entries; gives the first that cannot be read, and why, if there is one. */
  static read(
    patterns: Iterable<string>,
  ): { readonly list: UserList } | { readonly entry: string; readonly fault: string } {
    const entries: UserEntry[] = [];
    for (const pattern of patterns) {
      const entry = readEntry(pattern);
      if ('fault' in entry) return { entry: pattern, fault: entry.fault };
      entries.push(entry);
    }
    return { list: new UserList(entries) };
  }

  /** Where `user` is on the list. */
  placesOf(user: string): UserPlaces {
    let everywhere = false;
    let hosts = NO_HOSTS;
    for (const { user: pattern, from } of this.#entries) {
      if (!pattern.matches(user)) continue;
      if (from === undefined) everywhere = true;
      else hosts = [...hosts, from];
    }
    return { everywhere, hosts };
  }
}

/** Most users are on no list. */
const NO_HOSTS: readonly HostList[] = [];

function readEntry(pattern: string): UserEntry | { readonly fault: string } {
  if (typeof pattern !== 'string') return { fault: 'it is not text' };
  const at = pattern.lastIndexOf('@');
  const user = at < 0 ? pattern : pattern.slice(0, at);
  if (user === '') return { fault: 'it names no user' };
  if (at < 0) return { user: new WildcardPattern(user), from: undefined };

  const reading = HostList.read([pattern.slice(at + 1)]);
  if ('fault' in reading) return { fault: `of what follows the @, ${reading.fault}` };
  return { user: new WildcardPattern(user), from: reading.list };
}
