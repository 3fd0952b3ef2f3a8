import { ReplaySubject, Subject } from 'rxjs';

import { type Clock, systemClock } from '../streams/clock.js';
import type { Connection } from '../streams/connection.js';
import type { SshRequestType } from '../streams/events/ssh-request.js';
import type { Held } from '../streams/held.js';
import type { Identity } from '../streams/identity.js';
import { connectionRequest } from './connection-request.js';

/** What {@link held} makes a granted thing of. */
export interface HeldOptions {
  /** Default `channel`. */
  readonly kind?: Held['kind'];
  /** Default `session` for a channel. */
  readonly channelType?: string;
  /** Default the real time; inside `marbles` hand over its clock. */
  readonly clock?: Clock;
  /** Who has signed in. Default nobody for a connection, `demo` for a channel. */
  readonly identity?: Identity;
}

/** A granted connection or channel in the hands of a test. */
export interface TestHeld extends Held {
  /** The client sends payload bytes. */
  receive(bytes: number): void;
  /** The server sends payload bytes. */
  send(bytes: number): void;
  /** Somebody signs in. */
  authenticate(identity: Identity): void;
}

/**
 * A granted connection or channel to try a lease on, without a server.
 *
 * @example
 * ```ts
 * const shell = held();
 * shell.activity.subscribe((bytes) => {
 *   console.log(bytes); // 1024
 * });
 * shell.receive(1024);
 * ```
 */
export function held({ kind = 'channel', channelType, clock = systemClock, identity }: HeldOptions = {}): TestHeld {
  const activity = new Subject<number>();
  const authenticated = new ReplaySubject<Identity>(1);
  let user = identity ?? (kind === 'channel' ? { user: 'demo', method: 'password' } : undefined);
  /** Granted when it is first asked about. */
  const grants: { [Type in SshRequestType]?: number } = {};
  let bytesReceived = 0;
  let bytesSent = 0;

  const authenticate = (who: Identity): void => {
    user = who;
    authenticated.next(who);
    authenticated.complete();
  };
  if (user !== undefined) authenticate(user);

  const connection: Connection = {
    info: connectionRequest().connection,
    get identity() {
      return user;
    },
    clientVersion: 'SSH-2.0-test',
    algorithms: undefined,
    channelCount: kind === 'channel' ? 1 : 0,
    disconnect: () => undefined,
    exchangeKeys: () => undefined,
  };
  return {
    kind,
    connection,
    channelType: kind === 'channel' ? (channelType ?? 'session') : undefined,
    clock,
    get bytesReceived() {
      return bytesReceived;
    },
    get bytesSent() {
      return bytesSent;
    },
    grantedAt: (type) => (grants[type] ??= clock.now()),
    activity: activity.asObservable(),
    authenticated: authenticated.asObservable(),
    receive: (bytes) => {
      bytesReceived += bytes;
      activity.next(bytes);
    },
    send: (bytes) => {
      bytesSent += bytes;
      activity.next(bytes);
    },
    authenticate,
  };
}
