import { Container, ContainerModule, inject } from 'inversify';
import type { Observable } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';

import { ConnectionScopes } from '../../src/di/connection-scopes.js';
import { exploreScopedClass } from '../../src/di/explore-scoped-class.js';
import { CONNECTION, SSH_HANDLER } from '../../src/di/tokens.js';
import {
  type Connection,
  createServer,
  type CreateServerOptions,
  Decide,
  type Disconnected,
  Exec,
  exec,
  generateHostKey,
  On,
  Shell,
  SshHandler,
  type SSHUserAuthRequest,
  Subsystem,
  type Verdict,
} from '../../src/index.js';
import { addRecord } from '../../src/handlers/metadata.js';
import { EventHub } from '../../src/streams/event-hub.js';

const { hostKey } = await generateHostKey();

let built = 0;
beforeEach(() => {
  built = 0;
});

@SshHandler({ scope: 'connection' })
class Desk {
  constructor(@inject(CONNECTION) _connection: Connection) {
    built += 1;
  }
  @Decide('SSHUserAuthRequest', { phase: 'limit' }) signIn(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
    return verdict$;
  }
  @On('Disconnected') tally(disconnected$: Observable<Disconnected>) {
    return disconnected$;
  }
  @Exec('uptime') uptime() {
    return 0;
  }
  @Shell({ rawOutput: true }) shell() {
    return 0;
  }
  @Subsystem('sftp') sftp() {
    return 0;
  }
}

const scopes = new ConnectionScopes({
  container: new Container(),
  modules: [],
  hub: new EventHub(),
  find: () => undefined,
});

/** What createServer says of options that cannot be. */
async function refusal(options: Partial<CreateServerOptions>): Promise<unknown> {
  try {
    await createServer({ hostKeys: [hostKey], onWarning: () => undefined, ...options });
  } catch (error) {
    expect(built).toBe(0);
    return error;
  }
  return undefined;
}

describe('exploreScopedClass', () => {
  it('makes a handler function of each decorated method and builds nothing', () => {
    expect(exploreScopedClass(Desk, scopes)).toMatchObject([
      { kind: 'decide', source: 'Desk.signIn', request: 'SSHUserAuthRequest', phase: 'limit' },
      { kind: 'observe', source: 'Desk.tally', event: 'Disconnected' },
      { kind: 'exec', source: 'Desk.uptime', command: 'uptime', options: {} },
      { kind: 'shell', source: 'Desk.shell', options: { rawOutput: true } },
      { kind: 'subsystem', source: 'Desk.sftp', name: 'sftp', options: {} },
    ]);
    expect(built).toBe(0);
  });
});

describe('at the start of a server, without building a handler of scope connection,', () => {
  it('two services of one thing are a conflict, whatever their scopes', async () => {
    const rival = exec('uptime', () => 0, { source: 'rival' });
    expect(await refusal({ handlers: [Desk, rival] })).toMatchObject({
      code: 'ERR_SSH_ROUTE_CONFLICT',
      message: 'exec "uptime" is routed twice: Desk.uptime and rival. Rename one command or unbind one handler.',
    });
  });

  it('a class below a handler that has no decorator of its own is named', async () => {
    class Derived extends Desk {}
    expect(await refusal({ handlers: [Derived] })).toMatchObject({
      code: 'ERR_SSH_HANDLER',
      message: expect.stringMatching(/^Derived is given as a handler but has no @SshHandler\(\)/) as string,
    });
  });

  it('a scope that does not exist is named', async () => {
    // What JavaScript lets through.
    @SshHandler({ scope: 'conection' as 'connection' })
    class Typo {}
    expect(await refusal({ handlers: [Typo] })).toMatchObject({
      code: 'ERR_SSH_HANDLER',
      message: 'Typo has the unknown scope "conection". There are server, connection.',
    });
  });

  it('a decorated name that is no method is named', async () => {
    @SshHandler({ scope: 'connection' })
    class Gone {}
    addRecord(Gone.prototype, { kind: 'exec', method: 'work', command: 'work', options: {} });
    expect(await refusal({ handlers: [Gone] })).toMatchObject({
      code: 'ERR_SSH_HANDLER',
      message: 'Gone.work is decorated but is no function. Decorate a method, and do not assign to it.',
    });
  });

  it('an unknown event is named', async () => {
    @SshHandler({ scope: 'connection' })
    class Typo {
      work(): number {
        return 0;
      }
    }
    // What JavaScript lets through.
    addRecord(Typo.prototype, { kind: 'observe', method: 'work', event: 'Disconected' as 'Disconnected' });
    expect(await refusal({ handlers: [Typo] })).toMatchObject({
      code: 'ERR_SSH_HANDLER',
      message: expect.stringMatching(/^Typo\.work observes the unknown event "Disconected"/) as string,
    });
  });

  it('an instance that a module of the server made is refused', async () => {
    @SshHandler({ scope: 'connection' })
    class Lost {}
    const module = new ContainerModule(({ bind }) => {
      bind(SSH_HANDLER).to(Lost);
    });
    expect(await refusal({ modules: [module] })).toMatchObject({
      code: 'ERR_SSH_HANDLER',
      message: expect.stringMatching(
        /^Lost is of scope connection, but this instance of it belongs to the server\./,
      ) as string,
    });
  });

  it('a handler of the server that wants the connection is refused', async () => {
    @SshHandler()
    class Greedy {
      readonly connection: Connection;
      constructor(@inject(CONNECTION) connection: Connection) {
        this.connection = connection;
      }
    }
    expect(await refusal({ handlers: [Greedy] })).toMatchObject({
      code: 'ERR_SSH_HANDLER',
      message: expect.stringMatching(/^Greedy cannot be built: .*rxsshd\/Connection/) as string,
    });
  });

  it('modules for connections that are no array are named', async () => {
    // What JavaScript lets through.
    expect(await refusal({ connectionModules: {} as never })).toMatchObject({
      code: 'ERR_SSH_OPTION',
      message: 'createServer: connectionModules: expected an array, got object',
    });
  });
});
