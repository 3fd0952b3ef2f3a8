import { Duplex } from 'node:stream';

import { ContainerModule } from 'inversify';
import { finalize, map, merge, NEVER, Observable, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';

import {
  type AuthMethod,
  challenge,
  createServer,
  decide,
  type DecideFunction,
  exec,
  generateHostKey,
  grant,
  type Session,
  type SSHUserAuthRequest,
  type Lease,
  type LeaseSignal,
  type SshRequestType,
  withLease,
} from '../../src/index.js';
import type { WireClient } from '../support/wire-client.js';
import * as send from '../support/wire-client-payloads.js';
import { wireBytes } from '../support/wire-bytes.js';
import { passwordSecret, TestServer } from './test-server.js';

const { hostKey } = await generateHostKey();

const keyboardInteractive = send.authMethod('keyboard-interactive', '', '');
const authMethods: AuthMethod[] = ['password', 'keyboard-interactive'];
const answers = (...texts: readonly string[]): Buffer => wireBytes(61, [texts.length], ...texts);

async function asking(server: TestServer): Promise<WireClient> {
  const client = await server.connect();
  await client.exchanged();
  client.send(send.serviceRequest());
  await client.take(6);
  return client;
}

describe('a policy', () => {
  it('that is no operator is refused at the start, by name', async () => {
    const server = createServer({
      hostKeys: [hostKey],
      handlers: [decide('ConnectionRequest', (() => undefined) as never, { source: 'Desk.letIn' })],
      onWarning: () => undefined,
    });
    await expect(server).rejects.toMatchObject({
      code: 'ERR_SSH_POLICY_FAILED',
      message: expect.stringContaining('Desk.letIn') as string,
    });
  });

  it('whose answer cannot be sent costs that connection, and nothing else', async () => {
    const server = await TestServer.start({
      authMethods,
      handlers: [
        passwordSecret,
        decide(
          'SSHUserAuthRequest',
          map((verdict) => {
            const { request } = verdict;
            if (request.method !== 'keyboard-interactive') return verdict;
            // As a program in JavaScript may do it.
            return challenge(verdict, request, { prompts: [{ text: 4711 as unknown as string }] }, 'quiz');
          }),
        ),
      ],
    });
    const client = await asking(server);
    client.send(keyboardInteractive);
    await client.closed;

    expect(server.errors).toMatchObject([{ error: { code: 'ERR_SSH_POLICY_FAILED' } }]);
    expect(server.of('Disconnected')).toMatchObject([{ by: 'server' }]);
    await server.servesTheNext();
  });

  it('is unsubscribed when the server has shut down', async () => {
    let given = 0;
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        decide('SSHChannelRequest', (verdict$) =>
          verdict$.pipe(
            finalize(() => {
              given += 1;
            }),
          ),
        ),
      ],
    });
    const client = await server.login();
    const remote = await client.open();
    client.send(send.exec(remote, 'x'));
    await client.take(100);
    expect(given).toBe(0);

    await server.stop();
    expect(given).toBe(1);
    expect(server.errors).toEqual([]);
  });

  it('that keeps silent is reported before the connection that this ends', async () => {
    const server = await TestServer.start({
      handlers: [decide('SSHUserAuthRequest', () => NEVER)],
      limits: { maxAuthFailures: 1 },
      decisionDeadlineMs: 1000,
    });
    const client = await asking(server);
    client.send(send.authPassword('secret'));
    await server.event('SSHUserAuthRequest');
    server.clock.advance(1000);
    await client.closed;
    const types = server.events.map(({ type }) => type).filter((type) => type !== 'SSHStatus' && type !== 'Log');
    expect(types.slice(-3)).toEqual(['Error', 'Decided', 'Disconnected']);
  });
});

describe('questions', () => {
  const quiz = decide(
    'SSHUserAuthRequest',
    map((verdict) => {
      const { request } = verdict;
      if (request.method !== 'keyboard-interactive') return verdict;
      if (request.stage === 'answered' && request.answers[0]?.equals('42') === true) {
        return grant<SSHUserAuthRequest>(verdict, request, 'quiz');
      }
      return challenge(verdict, request, { prompts: [{ text: 'What?' }] }, 'quiz');
    }),
  );

  it('are not repeated without end, even by a policy that asks again and again', async () => {
    const server = await TestServer.start({ handlers: [quiz], authMethods, limits: { maxAuthRequests: 5 } });
    const client = await asking(server);
    client.send(keyboardInteractive);
    await client.take(60);
    for (let round = 0; round < 4; round += 1) {
      client.send(answers('41'));
      await client.take(60);
    }
    client.send(answers('42'));
    await client.closed;
    expect(client.goodbye).toMatchObject({ reason: 14 });
    expect(client.payloads.some((payload) => payload[0] === 52)).toBe(false);
  });

  it('with too few answers have failed (RFC 4256 section 3.4)', async () => {
    const server = await TestServer.start({ handlers: [quiz], authMethods });
    const client = await asking(server);
    client.send(keyboardInteractive);
    await client.take(60);
    client.send(answers());
    await client.take(51);
    client.send(keyboardInteractive);
    await client.take(60);
    client.send(answers('42'));
    await client.take(52);
  });
});

describe('a service request', () => {
  it('may be repeated before authentication, and is decided once', async () => {
    const server = await TestServer.start();
    const client = await asking(server);
    client.send(send.serviceRequest(), send.serviceRequest(), send.authPassword('secret'));
    await client.take(6);
    await client.take(6);
    await client.take(52);
    expect(server.of('SSHServiceRequest')).toHaveLength(1);
  });

  it('after authentication ends the connection, and holds no lease', async () => {
    let held = 0;
    const lease = new Subject<LeaseSignal>().pipe(finalize(() => (held -= 1)));
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        decide(
          'SSHServiceRequest',
          map((verdict) => {
            held += 1;
            return withLease(verdict, lease);
          }),
        ),
      ],
    });
    const client = await server.login();
    client.send(send.serviceRequest());
    await client.closed;
    expect(client.goodbye).toMatchObject({ reason: 2 });
    expect(held).toBe(0);
  });
});

describe('a program that throws where its data arrives', () => {
  it('is reported as what it is, and not blamed on the client', async () => {
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        exec('clumsy', async (session: Session) => {
          session.stdin.on('data', () => {
            throw new Error('cannot authenticate /etc/app.js');
          });
          await new Promise(() => undefined);
        }),
      ],
    });
    const client = await server.login();
    const remote = await client.open();
    client.send(send.exec(remote, 'clumsy'));
    await client.take(99);
    client.send(send.channelData(remote, 'x'));
    await client.closed;

    expect(server.errors).toMatchObject([{ error: { code: 'ERR_SSH_HANDLER_FAILED' } }]);
    expect(client.goodbye).toEqual({ reason: 11, description: 'the server failed' });
    await server.servesTheNext();
  });
});

describe('a lease whose teardown throws', () => {
  const broken: Lease = new Observable<LeaseSignal>(() => () => {
    throw new Error('cannot let go');
  });
  const holding = <Type extends SshRequestType>(type: Type, lease: Lease): DecideFunction<Type> =>
    decide(
      type,
      map((verdict) => withLease(verdict, lease)),
    );

  it('does not keep a connection from ending, and is reported', async () => {
    const server = await TestServer.start({ handlers: [passwordSecret, holding('SSHServiceRequest', broken)] });
    const client = await server.login();
    client.destroy();
    await server.event('Disconnected');
    expect(server.ssh.connections).toEqual([]);
    expect(server.errors).toMatchObject([{ error: { code: 'ERR_SSH_POLICY_FAILED' } }]);
  });

  it('does not keep a channel from closing', async () => {
    const server = await TestServer.start({ handlers: [passwordSecret, holding('SSHChannelOpenRequest', broken)] });
    const client = await server.login();
    const remote = await client.open();
    client.send(send.channelClose(remote));
    await client.take(97);
    await client.sync();
    expect(server.of('SSHChannelClosed')).toHaveLength(1);
    expect(server.errors).toMatchObject([{ error: { code: 'ERR_SSH_POLICY_FAILED' } }]);
  });

  it('does not stand in the way of a revocation', async () => {
    const revocation = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [passwordSecret, holding('SSHServiceRequest', merge(revocation, broken))],
    });
    const client = await server.login();
    revocation.next({ type: 'revoke', reason: 'over' });
    await client.closed;
    expect(client.goodbye).toEqual({ reason: 11, description: 'over' });
  });
});

describe('a server', () => {
  it('that is shut down while it begins to listen does not listen', async () => {
    const server = await createServer({ hostKeys: [hostKey], onWarning: () => undefined });
    const listening = server.listen({ port: 0, host: '127.0.0.1' });
    const outcome = listening.catch((error: unknown) => error);
    await server.shutdown();
    expect(await outcome).toMatchObject({ code: 'ERR_SSH_STATE' });
    await expect(server.listen({ port: 0 })).rejects.toMatchObject({ code: 'ERR_SSH_STATE' });
  });

  it('takes a stream that fails before it is served', async () => {
    const server = await createServer({ hostKeys: [hostKey], onWarning: () => undefined });
    const stream = new Duplex({
      read: () => undefined,
      write: (_chunk, _encoding, done) => {
        done();
      },
    });
    const served = server.serve(stream);
    stream.emit('error', new Error('reset'));
    stream.destroy();
    await served;
    expect(server.connections).toEqual([]);
    await server.shutdown();
  });

  it('that cannot be built gives back what its modules opened', async () => {
    const DATABASE = Symbol('database');
    let open = false;
    const module = new ContainerModule(({ bind }) => {
      bind(DATABASE)
        .toDynamicValue(() => {
          open = true;
          return {};
        })
        .inSingletonScope()
        .onDeactivation(() => {
          open = false;
        });
      bind(Symbol.for('rxsshd/SshHandler')).toDynamicValue((context) => {
        context.get(DATABASE);
        return {};
      });
    });
    await expect(
      createServer({ hostKeys: [hostKey], modules: [module], onWarning: () => undefined }),
    ).rejects.toMatchObject({ code: 'ERR_SSH_HANDLER' });
    expect(open).toBe(false);
  });
});
