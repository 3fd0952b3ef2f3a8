import { Secret, SshServerError, type SshEvent } from '../../../src/index.js';
import type { ClientOutcome } from '../../../src/testing/index.js';

/** What was seen of a scenario. */
export interface Account {
  /** What the clients learned, each with whose it was, in one order. */
  readonly learned: readonly Learned[];
  /** How many of these came before the end of the server. */
  readonly learnedByActs: number;
  /** What programs wrote, by client, connection, channel and stream. */
  readonly heard: Readonly<Record<string, string>>;
  /** The complete event log. */
  readonly events: readonly unknown[];
}

export type Learned = ClientOutcome & { readonly client: string; readonly connection: number };

/**
 * What cannot be the same in the simulator and in reality, by event: the simulator has payloads and no packets, so its bytes
 * on the wire are fewer.
 */
const MASKED: Readonly<Partial<Record<SshEvent['type'], readonly string[]>>> = {
  Disconnected: ['bytesReceived', 'bytesSent'],
};

/**
 * An event as plain data, to be called as it is emitted: its bytes are in memory that is used again. Secrets are told, errors
 * are told by their code, message and cause.
 */
export function eventFields(event: SshEvent): unknown {
  const masked = MASKED[event.type] ?? [];
  return plain(
    Object.fromEntries(Object.entries(event).map(([name, value]) => [name, masked.includes(name) ? '*' : value])),
  );
}

function plain(value: unknown): unknown {
  if (value instanceof Secret) return { secret: value.expose() };
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString('hex') };
  if (value instanceof SshServerError) return { code: value.code, message: value.message, cause: plain(value.cause) };
  if (value instanceof Error) return { name: value.name, message: value.message };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, plain(it)]));
}
