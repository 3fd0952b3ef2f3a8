import type { Brand } from './brand.js';

/** Identifies one connection for the life of the server; never reused, never sent to the client. */
export type ConnectionId = Brand<string, 'ConnectionId'>;

/** The id of the `ordinal`-th connection of a server, counted from 1. */
export const connectionId = (ordinal: number): ConnectionId =>
  // The one place that makes these ids: the brand exists for the compiler only.
  `c${String(ordinal)}` as ConnectionId;
