import { map, merge, Observable, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { decide, exec, type LeaseSignal, type Session, withLease } from '../../src/index.js';
import * as send from '../support/wire-client-payloads.js';
import { passwordSecret, TestServer } from './test-server.js';

describe('a revoked channel', () => {
  it('closes after its grace, however much its program has written on both outputs', async () => {
    const revocation = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        decide(
          'SSHChannelRequest',
          map((verdict) => withLease(verdict, revocation)),
        ),
        exec('hoard', async (session: Session) => {
          for (let count = 0; count < 50; count += 1) {
            session.stdout.write(Buffer.alloc(10_000));
            session.stderr.write(Buffer.alloc(10_000));
          }
          await new Promise(() => undefined);
        }),
      ],
    });
    const client = await server.login();
    const remote = await client.open({ window: 0 });
    client.send(send.exec(remote, 'hoard'));
    await client.take(99);

    revocation.next({ type: 'revoke', reason: 'over' });
    await client.sync();
    server.clock.advance(5000);
    await client.sync();
    expect(client.payloads.map((payload) => payload[0])).toContain(97);
  });
});

describe('a channel request of the server', () => {
  it('that cannot be written takes no answer away from the next one', async () => {
    const answers: unknown[] = [];
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        exec('ask', async (session: Session) => {
          const ask = async (name: string): Promise<boolean> =>
            session.channel.request(name, Buffer.alloc(0), { wantReply: true });
          answers.push(await ask('na\u00efve').catch((error: unknown) => error));
          answers.push(await ask('plain@test'));
          return 0;
        }),
      ],
    });
    const client = await server.login();
    const remote = await client.open();
    client.send(send.exec(remote, 'ask'));
    await client.take(98);
    client.send(Buffer.from([99, 0, 0, 0, remote]));
    await client.take(97);
    expect(answers).toEqual([expect.any(RangeError), true]);
  });
});

describe('data behind EOF', () => {
  it('is refused to whoever writes it, instead of being lost', async () => {
    const outcomes: unknown[] = [];
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        exec('late', async ({ channel }: Session) => {
          channel.sendEof();
          await new Promise<void>((resolve) => {
            channel.openOutput('stdout').write('lost', (error) => {
              outcomes.push(error);
              resolve();
            });
          });
        }),
      ],
    });
    const client = await server.login();
    const remote = await client.open();
    client.send(send.exec(remote, 'late'));
    await client.take(97);
    expect(outcomes).toEqual([expect.objectContaining({ code: 'ERR_SSH_CHANNEL' })]);
  });
});

describe('an observer that ends the connection', () => {
  it.each([
    'SSHChannelOpened',
    'SSHChannelRequested',
    'Decided',
    'SSHChannelRequest',
    'SSHChannelReadyToSend',
  ] as const)(
    'when it hears of %s hears nothing after Disconnected, and nothing runs and nothing is held any more',
    async (type) => {
      let ran = 0;
      let held = 0;
      const server = await TestServer.start({
        handlers: [
          passwordSecret,
          decide(
            'SSHChannelOpenRequest',
            map((verdict) =>
              withLease(
                verdict,
                new Observable<LeaseSignal>(() => {
                  held += 1;
                  return () => {
                    held -= 1;
                  };
                }),
              ),
            ),
          ),
          exec('x', () => {
            ran += 1;
          }),
        ],
      });
      const client = await server.login();
      merge(server.ssh.events[type]).subscribe(({ connection }) => {
        server.ssh.connection(connection.id)?.disconnect('that will do');
      });
      client.send(send.channelOpen());
      client.send(send.exec(0, 'x'));
      await client.closed;

      expect(server.events.at(-1)?.type).toBe('Disconnected');
      expect(ran).toBe(0);
      expect(held).toBe(0);
    },
  );
});
