import type { Entry } from 'ldapts';

/** An entry of the directory as this package reads it. */
export interface DirectoryEntry {
  readonly dn: string;
  /** The values of an attribute as text, in the order of the directory; none if it has no such attribute, in any case of letters. */
  readonly valuesOf: (attribute: string) => readonly string[];
}

/** Wraps what the client of LDAP makes of an entry: one value or a list of them, by names in the directory's own spelling. */
export function directoryEntry({ dn, ...attributes }: Entry): DirectoryEntry {
  const byName = new Map(
    Object.entries(attributes).map(([name, values]) => [
      name.toLowerCase(),
      (Array.isArray(values) ? values : [values]).map((value: string | Buffer) => value.toString()),
    ]),
  );
  return { dn, valuesOf: (attribute) => byName.get(attribute.toLowerCase()) ?? [] };
}
