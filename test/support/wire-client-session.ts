import type { WireClient } from './wire-client.js';
import * as send from './wire-client-payloads.js';

/** All that a client is told on a channel until it is closed. */
export interface SessionLog {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** `success`, `failure`, `data`, `stderr`, `eof`, `close` and the names of channel requests, repeated ones once. */
  readonly told: readonly string[];
  readonly exitStatus: number | undefined;
  readonly exitSignal: string | undefined;
}

const NAMES: Readonly<Record<number, string>> = {
  94: 'data',
  95: 'stderr',
  96: 'eof',
  97: 'close',
  99: 'success',
  100: 'failure',
};

/** Gives back window as a client does that reads at once. */
export interface FollowOptions {
  /** The server's number of the channel. */
  readonly remote: number;
  /** The client's number of it. Default 0. */
  readonly local?: number;
  /** Whether window is given back. Default true. */
  readonly reads?: boolean;
}

/** Follows a channel until the server closes it, and closes it in turn. */
export async function follow(
  client: WireClient,
  { remote, local = 0, reads = true }: FollowOptions,
): Promise<SessionLog> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const told: string[] = [];
  let exitStatus: number | undefined;
  let exitSignal: string | undefined;
  for (;;) {
    const payload = await client.takeFor(local);
    const number = payload[0] ?? 0;
    if (number === 93) continue;
    let name = NAMES[number];
    if (number === 98) {
      const length = payload.readUInt32BE(5);
      name = payload.toString('latin1', 9, 9 + length);
      if (name === 'exit-status') exitStatus = payload.readUInt32BE(10 + length);
      if (name === 'exit-signal') {
        const signalLength = payload.readUInt32BE(10 + length);
        exitSignal = payload.toString('latin1', 14 + length, 14 + length + signalLength);
      }
    }
    if (name !== undefined && told.at(-1) !== name) told.push(name);
    if (number === 94) stdout.push(payload.subarray(9));
    if (number === 95) stderr.push(payload.subarray(13));
    if (reads && (number === 94 || number === 95)) {
      client.send(send.windowAdjust(remote, payload.length - (number === 94 ? 9 : 13)));
    }
    if (number === 97) break;
  }
  client.send(send.channelClose(remote));
  return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), told, exitStatus, exitSignal };
}
