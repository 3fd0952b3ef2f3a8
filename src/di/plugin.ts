import { ContainerModule, type ContainerModuleLoadOptions } from 'inversify';
import type { ZodType } from 'zod';

import { SshServerError } from '../errors.js';
import type { HandlerClass } from '../handlers/handler-class.js';
import { scopeOf } from '../handlers/metadata.js';

/** The form of {@link SshPlugin} that this version of the package understands. */
export const PLUGIN_CONTRACT = 1;

/**
 * A part of a server in a package of its own: what the package's factory function returns.
 *
 * Importing a plugin does nothing, loading it binds, listening subscribes.
 */
export interface SshPlugin {
  /** Name of the npm package; shown in errors and by `describe()`. A server takes each name once. */
  readonly name: string;
  /** Version of the npm package. */
  readonly version: string;
  /** The contract that the plugin was written for: {@link PLUGIN_CONTRACT}. */
  readonly contract: 1;
  /** What the plugin binds. */
  readonly module: ContainerModule;
  /** Reads the plugin's part of a configuration file. */
  readonly configSchema?: ZodType;
  /** Handlers that the server is to build and explore, in this order. */
  readonly handlers?: readonly HandlerClass[];
  /** What the plugin binds in the container of each connection that has one. */
  readonly connectionModule?: ContainerModule;
  /** Handlers of scope `connection`, behind {@link handlers}; `handlers` takes them as well. */
  readonly connectionHandlers?: readonly HandlerClass[];
}

/** What {@link definePlugin} makes a plugin of. */
export interface PluginDefinition extends Omit<SshPlugin, 'contract' | 'module' | 'connectionModule'> {
  /** Binds what the plugin has to offer. Default: nothing beside the handlers. */
  readonly bind?: (options: ContainerModuleLoadOptions) => void | Promise<void>;
  /** Binds what each connection has for itself. Default: nothing. */
  readonly bindConnection?: (options: ContainerModuleLoadOptions) => void | Promise<void>;
}

/**
 * Makes a plugin for this version's contract.
 *
 * @example
 * ```ts
 * import { inject } from 'inversify';
 *
 * const MOTTO = Symbol.for('rxsshd-motto/Motto');
 *
 * @SshHandler()
 * class MottoHandler {
 *   readonly #motto: string;
 *
 *   constructor(@inject(MOTTO) motto: string) {
 *     this.#motto = motto;
 *   }
 *
 *   @Exec('motto')
 *   motto() {
 *     return `${this.#motto}\n`;
 *   }
 * }
 *
 * export const mottoPlugin = (motto: string): SshPlugin =>
 *   definePlugin({
 *     name: 'rxsshd-motto',
 *     version: '1.0.0',
 *     handlers: [MottoHandler],
 *     bind: ({ bind }) => {
 *       bind(MOTTO).toConstantValue(motto);
 *     },
 *   });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_PLUGIN` if name or version is empty.
 */
export function definePlugin({ bind, bindConnection, ...definition }: PluginDefinition): SshPlugin {
  for (const key of ['name', 'version'] as const) {
    if (definition[key] !== '') continue;
    throw new SshServerError('ERR_SSH_PLUGIN', `a plugin needs a ${key}: that of its npm package`);
  }
  return {
    ...definition,
    contract: PLUGIN_CONTRACT,
    module: new ContainerModule((options) => bind?.(options)),
    ...(bindConnection === undefined ? {} : { connectionModule: new ContainerModule(bindConnection) }),
  };
}

/**
 * Checks that plugins can be loaded together, before any of them is.
 *
 * @throws {@link SshServerError} `ERR_SSH_PLUGIN` if one was written for another contract, two share a name, or one has
 * a connection handler that is none.
 */
export function checkPlugins(plugins: readonly SshPlugin[]): void {
  const names = new Set<string>();
  for (const { name, version, contract, connectionHandlers = [] } of plugins) {
    // A plugin built against another version of this package may say anything here.
    if ((contract as unknown) !== PLUGIN_CONTRACT) {
      throw new SshServerError(
        'ERR_SSH_PLUGIN',
        `${name} ${version} was written for plugin contract ${String(contract)}; this rxsshd speaks contract ` +
          `${String(PLUGIN_CONTRACT)}. Install versions of the two that belong together.`,
      );
    }
    if (names.has(name)) {
      throw new SshServerError('ERR_SSH_PLUGIN', `two plugins are called ${name}. Load it once, or rename one.`);
    }
    names.add(name);
    for (const handler of connectionHandlers) {
      if (scopeOf(handler) === 'connection') continue;
      throw new SshServerError(
        'ERR_SSH_PLUGIN',
        `${name} ${version} has ${handler.name} among its connectionHandlers, which has no ` +
          "@SshHandler({ scope: 'connection' }). Decorate it, or move it to handlers.",
      );
    }
  }
}
