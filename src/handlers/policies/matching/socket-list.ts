/**
 * A set of Unix sockets, written as a list of absolute paths: a socket, `/run/app.sock`, or, with a slash at the end,
 * everything in a folder, `/run/app/`.
 *
 * Paths are compared as text. One that could lead elsewhere than it says, by `..` for one, is on no list; where a symbolic
 * link leads is not looked at.
 */
export class SocketList {
  readonly #sockets: ReadonlySet<string>;
  readonly #folders: readonly string[];

  private constructor(entries: readonly string[]) {
    this.#sockets = new Set(entries.filter((entry) => !entry.endsWith('/')));
    this.#folders = entries.filter((entry) => entry.endsWith('/'));
  }

  /** Reads the entries; gives the first that cannot be read, if there is one. */
  static read(
    entries: Iterable<string>,
  ): { readonly list: SocketList } | { readonly entry: string; readonly fault: string } {
    const read: string[] = [];
    for (const entry of entries) {
      const plain =
        typeof entry === 'string' && (entry === '/' || isPlain(entry.endsWith('/') ? entry.slice(0, -1) : entry));
      if (!plain) return { entry, fault: 'it is no absolute path, or one with empty parts, . or ..' };
      read.push(entry);
    }
    return { list: new SocketList(read) };
  }

  /** Whether the socket at `path` is on the list. */
  has(path: string): boolean {
    return isPlain(path) && (this.#sockets.has(path) || this.#folders.some((folder) => path.startsWith(folder)));
  }
}

/** Whether a path is absolute and each of its parts a step down. */
function isPlain(path: string): boolean {
  const [root, ...parts] = path.split('/');
  if (root !== '' || parts.length === 0 || path.includes('\0')) return false;
  return parts.every((part) => part !== '' && part !== '.' && part !== '..');
}
