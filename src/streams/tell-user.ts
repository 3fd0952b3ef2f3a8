import type { SshChannel } from '../protocol/channels/ssh-channel.js';

const STDOUT = 0;
const STDERR = 1;

/**
 * Shows a line to whoever looks at a session channel: on its terminal if a program runs there, else on standard error, where
 * it does not end up in what a program writes. Other channels carry the bytes of somebody else, so nothing is said on them.
 *
 * @param done - called when the line has left, or never will
 * @returns whether there was anybody to tell
 */
export function tellUser(channel: SshChannel, text: string, done: () => void = () => undefined): boolean {
  const { session } = channel;
  if (session === undefined || channel.closing) {
    done();
    return false;
  }
  const onTerminal = session.terminal !== undefined && session.program !== undefined;
  // A terminal in raw mode has its cursor anywhere, so the line begins with a line break.
  const line = onTerminal ? `\r\n${text}\r\n` : `${text}\r\n`;
  channel.write(Buffer.from(line), onTerminal ? STDOUT : STDERR, done);
  return true;
}
