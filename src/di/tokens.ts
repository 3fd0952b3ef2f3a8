import type { ServiceIdentifier } from 'inversify';

import type { PasswordHashing } from '../handlers/passwords/password-hashing.js';
import type { Clock } from '../streams/clock.js';
import type { Connection } from '../streams/connection.js';
import type { CounterStore } from '../streams/counter-store.js';
import type { EventStreams } from '../streams/event-streams.js';

// Registered symbols, so that a token is the same when this package is installed twice.

/** Bind every handler class of a module here, with `bind(SSH_HANDLER).toService(Desk)`: the server takes all of them. */
export const SSH_HANDLER: ServiceIdentifier<object> = Symbol.for('rxsshd/SshHandler');

/** Time as the server sees it. Wait with this and a handler lives in virtual time in tests. */
export const CLOCK: ServiceIdentifier<Clock> = Symbol.for('rxsshd/Clock');

/** All events of the server that the container belongs to. */
export const EVENTS: ServiceIdentifier<EventStreams> = Symbol.for('rxsshd/EventStreams');

/**
 * The connection that an instance belongs to, alive. Bound for handlers of scope `connection` and for what
 * `connectionModules` bind; whoever lives as long as the server, such as what `modules` bind, cannot have it.
 */
export const CONNECTION: ServiceIdentifier<Connection> = Symbol.for('rxsshd/Connection');

/**
 * Where policies keep the counts that several servers share. Nothing is bound here unless a plugin or a module does it: inject
 * it into a handler and hand it to policies as their `store`.
 */
export const COUNTER_STORE: ServiceIdentifier<CounterStore> = Symbol.for('rxsshd/CounterStore');

/**
 * How passwords are hashed and verified. Nothing is bound here unless a plugin or a module does it: inject it into a handler and hand
 * it to {@link grantHashedPassword} as its `hashing`.
 */
export const PASSWORD_HASHING: ServiceIdentifier<PasswordHashing> = Symbol.for('rxsshd/PasswordHashing');
