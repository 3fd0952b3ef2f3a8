// Checked by `tsc -p .`: an error that goes away leaves its directive unused, which is an error too.
import { Container, inject } from 'inversify';

import type { SshPlugin } from '../../src/di/plugin.js';
import { CONNECTION } from '../../src/di/tokens.js';
import { SshHandler } from '../../src/handlers/decorators/ssh-handler.js';
import type { Connection } from '../../src/streams/connection.js';

@SshHandler({ scope: 'connection' })
export class PerConnection {
  readonly user: string | undefined;
  constructor(@inject(CONNECTION) connection: Connection) {
    this.user = connection.identity?.user;
  }
}

@SshHandler({})
export class PerServer {}

// @ts-expect-error there is no such scope
@SshHandler({ scope: 'channel' })
export class PerChannel {}

// @ts-expect-error a scope is named in an object, so that the call says what it means
@SshHandler('connection')
export class Unnamed {}

export const connection: Connection = new Container().get(CONNECTION);

// @ts-expect-error the token stands for a connection, not for its id
export const id: string = new Container().get(CONNECTION);

// @ts-expect-error a plugin gives classes, which the container builds, not instances
export const handlers: SshPlugin['connectionHandlers'] = [new PerServer()];
