import { WildcardPattern } from './wildcard-pattern.js';

const OCTETS: readonly string[] = Array.from({ length: 256 }, (_octet, value) => String(value));

/**
 * IPv4 addresses written with wildcards: `192.0.2.*`, `10.*`, `192.0.2.1?`.
 *
 * A wildcard never reaches across a dot, so `192.0.2*` cannot be meant for one network and open another; only a star that
 * is the last part by itself stands for all parts that are missing.
 */
export class Ipv4Pattern {
  /** The octets that each of the four parts stands for. */
  readonly #parts: readonly ReadonlySet<string>[];

  private constructor(parts: readonly ReadonlySet<string>[]) {
    this.#parts = parts;
  }

  /** Reads a pattern; undefined if no address can match it, or if it names no part of one. */
  static read(text: string): Ipv4Pattern | undefined {
    const written = text.split('.');
    const missing = written.at(-1) === '*' ? Math.max(0, 4 - written.length) : 0;
    const parts = [...written, ...new Array<string>(missing).fill('*')].map((part) => {
      const pattern = new WildcardPattern(part);
      return new Set(OCTETS.filter((octet) => pattern.matches(octet)));
    });
    const possible = parts.length === 4 && parts.every(({ size }) => size > 0);
    return possible && /\d/.test(text) ? new Ipv4Pattern(parts) : undefined;
  }

  /** Whether an IPv4 address in dotted form is one of these. */
  matches(address: string): boolean {
    const octets = address.split('.');
    return this.#parts.every((part, index) => part.has(octets[index] ?? ''));
  }
}
