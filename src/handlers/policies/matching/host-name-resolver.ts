/**
 * Where policies ask for the names of addresses and back, DNS as a rule.
 *
 * For what does not exist a resolver answers with an empty list, or rejects with an error whose `code` is `ENOTFOUND` or
 * `ENODATA`, as those of Node do. Every other rejection is a failure. It settles each promise sooner or later: policies stop
 * waiting after a time, but nothing cancels a question.
 */
export interface HostNameResolver {
  /** The names that the owner of `address` claims for it (PTR records); anything at all, so believe none unverified. */
  reverse(address: string): Promise<readonly string[]>;
  /** The addresses, of both families, that the owner of `name` gives it (A and AAAA records). */
  resolve(name: string): Promise<readonly string[]>;
}
