/**
 * How long an instance of a handler class lives: as long as its server, or as long as one connection, which then has an
 * instance of its own.
 */
export type HandlerScope = 'server' | 'connection';

/** Every scope. */
export const HANDLER_SCOPES: readonly HandlerScope[] = ['server', 'connection'];
