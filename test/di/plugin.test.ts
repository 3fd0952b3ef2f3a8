import { Container } from 'inversify';
import { describe, expect, it } from 'vitest';

import { checkPlugins, definePlugin, PLUGIN_CONTRACT, type SshPlugin } from '../../src/di/plugin.js';
import { SshHandler } from '../../src/handlers/decorators/ssh-handler.js';

const TOKEN = Symbol('token');

const plugin = (name: string): SshPlugin =>
  definePlugin({
    name,
    version: '1.2.3',
    bind: ({ bind }) => {
      bind(TOKEN).toConstantValue(name);
    },
  });

describe('definePlugin', () => {
  it('makes a plugin of this contract whose module binds once it is loaded', () => {
    const container = new Container();
    const made = plugin('rxsshd-a');
    expect(made).toMatchObject({ name: 'rxsshd-a', version: '1.2.3', contract: PLUGIN_CONTRACT });
    expect(container.isBound(TOKEN)).toBe(false);
    container.load(made.module);
    expect(container.get(TOKEN)).toBe('rxsshd-a');
  });

  it('makes one without bindings, and one that binds asynchronously', async () => {
    const container = new Container();
    container.load(definePlugin({ name: 'a', version: '1' }).module);
    const slow = definePlugin({
      name: 'b',
      version: '1',
      bind: async ({ bind }) => {
        await Promise.resolve();
        bind(TOKEN).toConstantValue('late');
      },
    });
    await container.loadAsync(slow.module);
    expect(container.get(TOKEN)).toBe('late');
  });

  it('makes a module for connections only if it is told what to bind there', () => {
    const made = definePlugin({
      name: 'a',
      version: '1',
      bindConnection: ({ bind }) => {
        bind(TOKEN).toConstantValue('of the connection');
      },
    });
    const [server, connection] = [new Container(), new Container()];
    server.load(made.module);
    if (made.connectionModule !== undefined) connection.load(made.connectionModule);
    expect(server.isBound(TOKEN)).toBe(false);
    expect(connection.get(TOKEN)).toBe('of the connection');
    expect(plugin('b')).not.toHaveProperty('connectionModule');
  });

  it.each(['name', 'version'])('refuses an empty %s', (key) => {
    expect(() => definePlugin({ name: 'a', version: '1', [key]: '' })).toThrow(`a plugin needs a ${key}`);
  });
});

describe('checkPlugins', () => {
  it('lets plugins of this contract and different names through', () => {
    expect(() => {
      checkPlugins([plugin('rxsshd-a'), plugin('rxsshd-b')]);
    }).not.toThrow();
  });

  it('refuses another contract', () => {
    // A plugin from another version of this package.
    const foreign = { ...plugin('rxsshd-a'), contract: 2 } as unknown as SshPlugin;
    expect(() => {
      checkPlugins([foreign]);
    }).toThrow(
      expect.objectContaining({
        code: 'ERR_SSH_PLUGIN',
        message:
          'rxsshd-a 1.2.3 was written for plugin contract 2; this rxsshd speaks contract 1. Install versions of the two that belong together.',
      }),
    );
  });

  it('refuses a connection handler that lives as long as the server', () => {
    @SshHandler({ scope: 'connection' })
    class Right {}
    @SshHandler()
    class Wrong {}
    const made = definePlugin({ name: 'rxsshd-a', version: '1.2.3', connectionHandlers: [Right, Wrong] });
    expect(() => {
      checkPlugins([made]);
    }).toThrow(
      expect.objectContaining({
        code: 'ERR_SSH_PLUGIN',
        message:
          'rxsshd-a 1.2.3 has Wrong among its connectionHandlers, which has no ' +
          "@SshHandler({ scope: 'connection' }). Decorate it, or move it to handlers.",
      }),
    );
  });

  it('refuses a name twice', () => {
    expect(() => {
      checkPlugins([plugin('rxsshd-a'), plugin('rxsshd-a')]);
    }).toThrow(
      expect.objectContaining({
        code: 'ERR_SSH_PLUGIN',
        message: 'two plugins are called rxsshd-a. Load it once, or rename one.',
      }),
    );
  });
});
