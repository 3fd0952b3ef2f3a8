import { policyOptionError } from '../policy-option-error.js';
import { PortList } from '../matching/port-list.js';
import { SocketList } from '../matching/socket-list.js';
import { WildcardPattern } from '../matching/wildcard-pattern.js';

/** What all rules of forwarding have in common. */
export interface ForwardRuleUsers {
  /** Whose rule it is: user names, in which `*` stands for any characters and `?` for one. Default everybody's. */
  readonly users?: readonly string[];
}

/** Allows Unix sockets to be forwarded. */
export interface SocketForwardRule extends ForwardRuleUsers {
  /** Absolute paths: a socket, `/run/app.sock`, or all in a folder, `/run/app/`. Compared as text. */
  readonly sockets: readonly string[];
}

/** A list that was read, or what of it could not be. */
type Reading<T> = { readonly list: T } | { readonly entry: unknown; readonly fault: string };

/** How rules of one kind say which hosts they are about. */
export interface ForwardRuleHosts<Field extends string> {
  /** The property of a rule that holds the list. */
  readonly field: Field;
  read(entries: readonly string[]): Reading<{ has(host: string): boolean }>;
}

/** A rule before it is read: one about hosts and ports or one about sockets. */
export type WrittenForwardRule<Field extends string> =
  | SocketForwardRule
  | (ForwardRuleUsers & { readonly [Name in Field]: readonly string[] } & {
      readonly ports?: readonly (number | string)[];
    });

interface ForwardRule {
  readonly isFor: (user: string) => boolean;
  readonly allowsPort: (host: string, port: number) => boolean;
  readonly allowsSocket: (path: string) => boolean;
}

/** The rules of {@link forwardTo} or {@link forwardFrom}: what any of them allows is allowed. */
export class ForwardRules<Field extends string> {
  readonly #rules: readonly ForwardRule[];

  /** @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if a rule cannot be read. */
  constructor(policy: string, rules: readonly WrittenForwardRule<Field>[], hosts: ForwardRuleHosts<Field>) {
    if (!Array.isArray(rules)) throw policyOptionError(policy, 'rules', 'must be an array of rules', rules);
    this.#rules = rules.map((rule) => readRule(policy, rule, hosts));
  }

  /** Whether `user` may have `port` of `host` forwarded. */
  allowsPort(user: string, host: string, port: number): boolean {
    return this.#rules.some((rule) => rule.isFor(user) && rule.allowsPort(host, port));
  }

  /** Whether `user` may have the socket at `path` forwarded. */
  allowsSocket(user: string, path: string): boolean {
    return this.#rules.some((rule) => rule.isFor(user) && rule.allowsSocket(path));
  }
}

function readRule(policy: string, rule: unknown, hosts: ForwardRuleHosts<string>): ForwardRule {
  const { field } = hosts;
  const fields = new Map<string, unknown>(typeof rule === 'object' && rule !== null ? Object.entries(rule) : []);
  // A misspelt `ports` would open all of them.
  const known = fields.has('sockets') ? ['users', 'sockets'] : ['users', field, 'ports'];
  if (fields.has('sockets') === fields.has(field) || [...fields.keys()].some((name) => !known.includes(name))) {
    const rulesAre = `must be rules with ${field} and, if need be, ports, or rules with sockets, and users if need be`;
    throw policyOptionError(policy, 'rules', rulesAre, rule);
  }
  const readField = <T>(name: string, read: (entries: readonly never[]) => Reading<T>): T | undefined => {
    const entries = fields.get(name);
    if (entries === undefined) return undefined;
    if (!Array.isArray(entries))
      throw policyOptionError(policy, 'rules', `has a rule whose ${name} is no array`, entries);
    // Each reader checks that the entries are what it can read.
    const reading = read(entries as never[]);
    if ('list' in reading) return reading.list;
    throw policyOptionError(
      policy,
      'rules',
      `has a rule whose ${name} cannot be used, since of an entry ${reading.fault}`,
      reading.entry,
    );
  };

  const users = readField('users', readUsers);
  const hostList = readField(field, (entries) => hosts.read(entries));
  const ports = readField('ports', (entries) => PortList.read(entries));
  const sockets = readField('sockets', (entries) => SocketList.read(entries));
  return {
    isFor: (user) => users === undefined || users.some((pattern) => pattern.matches(user)),
    allowsPort: (host, port) => hostList?.has(host) === true && ports?.has(port) !== false,
    allowsSocket: (path) => sockets?.has(path) === true,
  };
}

function readUsers(entries: readonly string[]): Reading<readonly WildcardPattern[]> {
  const wrong = entries.find((entry) => typeof entry !== 'string' || entry === '');
  if (wrong !== undefined) return { entry: wrong, fault: 'it names no user' };
  return { list: entries.map((entry) => new WildcardPattern(entry)) };
}
