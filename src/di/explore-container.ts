import type { Container, Newable } from 'inversify';

import { SshServerError } from '../errors.js';
import type { HandlerClass } from '../handlers/handler-class.js';
import type { HandlerFunction } from '../handlers/handler-function.js';
import { scopeOf } from '../handlers/metadata.js';
import { checkMarked } from './explore-class.js';
import { SSH_HANDLER } from './tokens.js';

/**
 * Builds the handlers of a server: the given classes in their order, then whatever modules bound to {@link SSH_HANDLER}.
 *
 * A class that no module bound is bound here, one instance per container. Plain functions pass as they are. Each instance
 * comes once, however often it is given. A class of scope `connection` is not built: it comes as it is.
 *
 * @throws {@link SshServerError} `ERR_SSH_HANDLER` if a class has no `@SshHandler()` or the container cannot build it.
 */
export async function buildHandlers(
  container: Container,
  given: readonly (HandlerClass | HandlerFunction)[],
): Promise<readonly object[]> {
  const built = new Set<object>();
  for (const handler of given) {
    built.add(typeof handler === 'function' ? await buildForServer(container, handler) : handler);
  }
  for (const handler of await boundHandlers(container)) built.add(handler);
  return [...built];
}

async function buildForServer(container: Container, handler: HandlerClass): Promise<object> {
  checkMarked(handler);
  return scopeOf(handler) === 'connection' ? handler : buildHandler(container, handler);
}

/**
 * The instance of a handler class in `container`, built if it is not there yet.
 *
 * A class that no module of this very container bound is bound here: its parent's instance would be another scope's.
 *
 * @throws {@link SshServerError} `ERR_SSH_HANDLER` if the container cannot build it.
 */
export async function buildHandler(container: Container, handler: HandlerClass): Promise<object> {
  // The container finds the arguments, whatever they are.
  const identifier = handler as unknown as Newable<object>;
  try {
    if (!container.isCurrentBound(identifier)) container.bind(identifier).toSelf().inSingletonScope();
    return await container.getAsync(identifier);
  } catch (cause) {
    throw unbuildable(handler.name, cause);
  }
}

/**
 * What modules have bound to {@link SSH_HANDLER}, built if it is not there yet.
 *
 * @throws {@link SshServerError} `ERR_SSH_HANDLER` if the container cannot build it.
 */
export async function boundHandlers(container: Container): Promise<readonly object[]> {
  try {
    return await container.getAllAsync(SSH_HANDLER);
  } catch (cause) {
    throw unbuildable('a handler bound to SSH_HANDLER', cause);
  }
}

const unbuildable = (what: string, cause: unknown): SshServerError =>
  new SshServerError(
    'ERR_SSH_HANDLER',
    `${what} cannot be built: ${firstLine(cause)} Put @inject(TOKEN) on every constructor parameter and bind each token in ` +
      'one of the modules.',
    { cause },
  );

/** Inversify explains itself on many lines; all of them are in the cause. */
const firstLine = (cause: unknown): string => {
  const [line = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
  return line.endsWith('.') ? line : `${line}.`;
};
