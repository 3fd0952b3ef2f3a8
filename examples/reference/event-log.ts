import { filter } from 'rxjs';
import type { EventStreams, SshEventType } from 'rxsshd';

/** Too many to read, and what users send is theirs. */
const UNTOLD: ReadonlySet<SshEventType> = new Set<SshEventType>(['SSHChannelDataIn', 'SSHChannelReadyToSend']);

/** Every event but the bytes of channels, as JSON lines. Secrets redact themselves. */
export function logEvents(events: EventStreams, writeLine: (line: string) => void): void {
  events.all.pipe(filter(({ type }) => !UNTOLD.has(type))).subscribe((event) => {
    writeLine(JSON.stringify({ at: new Date().toISOString(), ...event }, readable));
  });
}

const OURS: ReadonlySet<string> = new Set(['ERR_SSH_POLICY_FAILED', 'ERR_SSH_HANDLER_FAILED', 'ERR_SSH_HOST_KEY']);

/** Failures of this program itself, which nobody would see otherwise. What clients do wrong is theirs. */
export function logFailures(events: EventStreams, writeLine: (line: string) => void): void {
  events.Error.subscribe(({ error }) => {
    if (OURS.has(error.code)) writeLine(error.message);
  });
}

/** An error's message is not one of the properties that JSON sees, and a buffer is hard to read as a list of numbers. */
function readable(this: unknown, key: string, value: unknown): unknown {
  // JSON.stringify calls a replacer on the object that holds the key, before toJSON changed the value.
  const original = (this as Readonly<Record<string, unknown>>)[key];
  if (original instanceof Uint8Array) return Buffer.from(original).toString('base64');
  if (original instanceof Error) return { ...Object.fromEntries(Object.entries(original)), message: original.message };
  return value;
}
