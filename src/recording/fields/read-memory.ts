import { isDeepStrictEqual } from 'node:util';

import type { ConnectionId } from '../../streams/connection-id.js';
import type { ConnectionInfo } from '../../streams/connection-info.js';
import type { SshEvent } from '../../streams/events/ssh-event.js';
import type { SshRequest } from '../../streams/events/ssh-request.js';
import { endsConnection } from './ends-connection.js';
import { isRequest } from './is-request.js';

/** A request whose line could not be understood: a later version of this package knows more kinds of them. */
const SKIPPED = Symbol('skipped');

interface KnownConnection {
  readonly info: ConnectionInfo;
  /** Numbers of the lines of its requests. */
  readonly requests: Set<number>;
}

/**
 * What earlier lines have said in full: the way back of `WriteMemory`. Whatever is said of one connection or one request in
 * one run of a recorder is said of one object.
 */
export class ReadMemory {
  readonly #connections = new Map<string, KnownConnection>();
  readonly #requests = new Map<number, SshRequest | typeof SKIPPED>();

  /** The connection that is known by this id. */
  connection(id: string): ConnectionInfo | undefined {
    return this.#connections.get(id)?.info;
  }

  /** A connection was read in full. @returns the object that stands for it. */
  noteConnection(info: ConnectionInfo): ConnectionInfo {
    const known = this.#connections.get(info.id)?.info;
    // Parts begin by saying again what was said before.
    if (isDeepStrictEqual(known, info)) return known ?? info;
    this.#connections.set(info.id, { info, requests: new Set() });
    return info;
  }

  /** The request of line `seq`; undefined if no such line was read. */
  request(seq: number): SshRequest | 'skipped' | undefined {
    const known = this.#requests.get(seq);
    return known === SKIPPED ? 'skipped' : known;
  }

  noteRequest(seq: number, request: SshRequest): void {
    this.#requests.set(seq, request);
    this.#connections.get(request.connection.id)?.requests.add(seq);
  }

  /** Line `seq` was not understood. */
  noteSkipped(seq: number): void {
    this.#requests.set(seq, SKIPPED);
  }

  /** `event` was read from line `seq`. */
  end(seq: number, event: SshEvent): void {
    if (isRequest(event)) this.noteRequest(seq, event);
    else if (endsConnection(event) && 'connection' in event) this.#forgetConnection(event.connection.id);
  }

  /** Another run of a recorder begins, perhaps of another server: its ids stand for other things. */
  forget(): void {
    this.#connections.clear();
    this.#requests.clear();
  }

  #forgetConnection(id: ConnectionId): void {
    for (const seq of this.#connections.get(id)?.requests ?? []) this.#requests.delete(seq);
    this.#connections.delete(id);
  }
}
