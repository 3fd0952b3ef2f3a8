/** A set of TCP ports, written as a list of ports and ranges: `22`, `'8000-8999'`. */
export class PortList {
  readonly #ranges: readonly PortRange[];

  private constructor(ranges: readonly PortRange[]) {
    this.#ranges = ranges;
  }

  /** Reads the entries; gives the first that cannot be read, if there is one. */
  static read(
    entries: Iterable<number | string>,
  ): { readonly list: PortList } | { readonly entry: number | string; readonly fault: string } {
    const ranges: PortRange[] = [];
    for (const entry of entries) {
      const range = readRange(entry);
      if (range === undefined)
        return { entry, fault: 'it is neither a port (0 to 65535) nor a range such as 8000-8999' };
      ranges.push(range);
    }
    return { list: new PortList(ranges) };
  }

  /** Whether `port` is on the list. */
  has(port: number): boolean {
    return this.#ranges.some(({ first, last }) => first <= port && port <= last);
  }
}

interface PortRange {
  readonly first: number;
  readonly last: number;
}

function readRange(entry: unknown): PortRange | undefined {
  const written = typeof entry === 'number' || typeof entry === 'string' ? String(entry) : '';
  const [match, begin, end = begin] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(written) ?? [];
  if (match === undefined) return undefined;
  const [first, last] = [Number(begin), Number(end)];
  return first <= last && last <= 0xffff ? { first, last } : undefined;
}
