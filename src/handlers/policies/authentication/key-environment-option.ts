import { isSteeringVariable } from '../access/is-steering-variable.js';

const FORM = /^([A-Za-z_]\w*)=([^\0]*)$/;

/**
 * Reads the value of the option `environment` of an authorized_keys line, `NAME=value` (sshd(8)).
 *
 * Variables that steer what is loaded and run are refused: whoever may write the line of a key could otherwise get around
 * the command that it forces, which is why sshd has this option switched off.
 */
export function readEnvironmentOption(
  value: string,
): { readonly name: string; readonly value: string } | { readonly fault: string } {
  const [, name, content] = FORM.exec(value) ?? [];
  if (name === undefined || content === undefined) return { fault: 'the value is not NAME=value' };
  if (isSteeringVariable(name)) return { fault: `${name} steers what programs load and run` };
  return { name, value: content };
}
