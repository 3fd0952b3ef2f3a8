import { COUNTER_STORE, definePlugin, type SshPlugin } from 'rxsshd';

import { redisCounterStore, type RedisCounterStore } from './redis-counter-store.js';
import { type RedisCounterStoreOptions, readOptions } from './store-options.js';
import { VERSION } from './version.js';

/**
 * A plugin that binds {@link COUNTER_STORE} to a {@link redisCounterStore}: inject it where policies are made.
 *
 * The store connects when the first handler takes it and is closed when the server shuts down.
 *
 * @throws SshServerError `ERR_SSH_OPTION`, when called, if an option is wrong
 */
export function redisPlugin(options: RedisCounterStoreOptions): SshPlugin {
  readOptions(options);
  return definePlugin({
    name: '@rxsshd/redis',
    version: VERSION,
    bind: ({ bind }) => {
      bind(COUNTER_STORE)
        .toDynamicValue(() => redisCounterStore(options))
        .inSingletonScope()
        // What the line above has made.
        .onDeactivation((store) => (store as RedisCounterStore).close());
    },
  });
}
