/** A host name in the one form in which host names are compared: lower case, no dot at the end. */
export function hostName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}
