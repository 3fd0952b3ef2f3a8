/**
 * The options that may stand before a key in an authorized_keys file, and whether they take a value.
 *
 * The names are those of sshd(8), AUTHORIZED_KEYS FILE FORMAT. `repeat` tells whether an option may be given twice:
 * where two values contradict each other, the line is refused.
 */
const shapes = {
  'agent-forwarding': { value: false, repeat: true },
  'cert-authority': { value: false, repeat: true },
  command: { value: true, repeat: false },
  environment: { value: true, repeat: true },
  'expiry-time': { value: true, repeat: true },
  from: { value: true, repeat: false },
  'no-agent-forwarding': { value: false, repeat: true },
  'no-port-forwarding': { value: false, repeat: true },
  'no-pty': { value: false, repeat: true },
  'no-touch-required': { value: false, repeat: true },
  'no-user-rc': { value: false, repeat: true },
  'no-x11-forwarding': { value: false, repeat: true },
  permitlisten: { value: true, repeat: true },
  permitopen: { value: true, repeat: true },
  'port-forwarding': { value: false, repeat: true },
  principals: { value: true, repeat: false },
  pty: { value: false, repeat: true },
  restrict: { value: false, repeat: true },
  tunnel: { value: true, repeat: false },
  'user-rc': { value: false, repeat: true },
  'verify-required': { value: false, repeat: true },
  'x11-forwarding': { value: false, repeat: true },
} as const satisfies Record<string, KeyOptionShape>;

interface KeyOptionShape {
  readonly value: boolean;
  readonly repeat: boolean;
}

/** The name of an option that this package knows the meaning of. */
export type KeyOptionName = keyof typeof shapes;

/**
 * One option of an authorized_keys line.
 *
 * `known` is false for an option that is not a {@link KeyOptionName}. Options exist to restrict a key, so an entry
 * with an option that nobody enforces must not authenticate anyone.
 */
export type KeyOption =
  | { readonly known: true; readonly name: KeyOptionName; readonly value?: string }
  | { readonly known: false; readonly name: string; readonly value?: string };

/** What {@link readKeyOptions} makes of an option list. */
export type KeyOptionsReading =
  { readonly options: readonly KeyOption[] } | { /** Why the line must be refused. */ readonly fault: string };

const isKnown = (name: string): name is KeyOptionName => Object.hasOwn(shapes, name);

/**
 * Reads the option list of an authorized_keys line, such as `restrict,command="uptime"`.
 *
 * Names are matched without regard to case and given in lower case. Inside quotes `\"` stands for a quote and every
 * other backslash for itself, as sshd(8) has it. Never throws.
 *
 * @param text - The list alone: it ends where the first blank outside quotes stood.
 */
export function readKeyOptions(text: string): KeyOptionsReading {
  const options: KeyOption[] = [];
  const seen = new Set<string>();
  // One option and what follows it. The quoted part consumes each character in one way only, so a long line costs
  // linear time.
  const pattern = /([A-Za-z0-9@._-]+)(?:="((?:[^"\\]|\\"|\\(?!"))*)")?(,|$)/y;

  for (;;) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) {
      // The text itself may hold a secret, in an environment option for one.
      return { fault: `the option list cannot be read from character ${String(at + 1)} on` };
    }

    const [, spelled = '', quoted, end] = match;
    const name = spelled.toLowerCase();
    const value = quoted?.replaceAll('\\"', '"');
    if (isKnown(name)) {
      const shape = shapes[name];
      if (shape.value && value === undefined) return { fault: `option ${name} needs a quoted value` };
      if (!shape.value && value !== undefined) return { fault: `option ${name} takes no value` };
      if (!shape.repeat && seen.has(name)) return { fault: `option ${name} is given twice` };
      seen.add(name);
      options.push(value === undefined ? { known: true, name } : { known: true, name, value });
    } else {
      options.push(value === undefined ? { known: false, name } : { known: false, name, value });
    }
    if (end === '') return { options };
  }
}
