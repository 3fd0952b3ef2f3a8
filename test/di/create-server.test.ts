import { inject, type ServiceIdentifier } from 'inversify';
import { type Observable, tap } from 'rxjs';
import { Client } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';

import {
  type Connected,
  createServer,
  type CreateServerOptions,
  decide,
  definePlugin,
  EVENTS,
  type EventStreams,
  exec,
  Exec,
  generateHostKey,
  grantPassword,
  on,
  On,
  SshHandler,
  type SshServer,
} from '../../src/index.js';
import { loopback } from '../../src/testing/index.js';

const { hostKey } = await generateHostKey();
const letIn = decide(
  'SSHUserAuthRequest',
  grantPassword((_user, password) => password === 'right'),
);

const servers: SshServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.shutdown()));
});

async function build(options: Partial<CreateServerOptions>): Promise<{ server: SshServer; warnings: string[] }> {
  const warnings: string[] = [];
  const server = await createServer({
    hostKeys: [hostKey],
    onWarning: (message) => warnings.push(message),
    ...options,
  });
  servers.push(server);
  return { server, warnings };
}

/** What became of a client that signs in and runs `command`. */
function run(server: SshServer, command: string, password = 'right'): Promise<string> {
  return new Promise((resolve) => {
    const client = new Client();
    let output = '';
    client
      .on('error', (error) => {
        resolve(`refused: ${error.message}`);
      })
      .on('ready', () => {
        client.exec(command, (error, stream) => {
          if (error !== undefined) {
            client.end();
            resolve(`failed: ${error.message}`);
            return;
          }
          stream.on('data', (data: Buffer) => (output += data.toString()));
          stream.on('close', (status: number) => {
            client.end();
            resolve(`${output}${String(status)}`);
          });
        });
      })
      .connect({ sock: loopback(server), username: 'ann', password });
  });
}

describe('a server without a policy', () => {
  it('refuses everybody and warns at start', async () => {
    const { server, warnings } = await build({ handlers: [exec('true', () => 0)] });

    expect(warnings.filter((it) => it.includes('refuses everybody'))).toEqual([
      'no policy decides SSHUserAuthRequest, so this server refuses everybody. ' +
        'Add one, such as decide("SSHUserAuthRequest", grantPassword(verify)).',
    ]);
    expect(await run(server, 'true')).toBe('refused: All configured authentication methods failed');
  });

  it('does not warn once one decides authentication', async () => {
    const { warnings } = await build({ handlers: [letIn] });
    expect(warnings.filter((it) => it.includes('refuses everybody'))).toEqual([]);
  });
});

describe('the parts of a server', () => {
  const GREETING: ServiceIdentifier<string> = Symbol('greeting');

  @SshHandler()
  class Greeter {
    readonly #greeting: string;
    readonly #events: EventStreams;
    readonly seen: string[] = [];

    constructor(@inject(GREETING) greeting: string, @inject(EVENTS) events: EventStreams) {
      this.#greeting = greeting;
      this.#events = events;
    }

    @Exec('greet')
    greet() {
      return `${this.#greeting} ${String('all' in this.#events)}\n`;
    }

    @On('Connected')
    count(connected$: Observable<Connected>) {
      return connected$.pipe(tap(({ connection }) => this.seen.push(connection.id)));
    }
  }

  const plugin = (greeting: string) =>
    definePlugin({
      name: 'greeter',
      version: '1.0.0',
      handlers: [Greeter],
      bind: ({ bind }) => {
        bind(GREETING).toConstantValue(greeting);
      },
    });

  it('come from plugins as well, and two servers do not see each other', async () => {
    const { server: first } = await build({ handlers: [letIn], plugins: [plugin('hello')] });
    const { server: second } = await build({ handlers: [letIn], plugins: [plugin('good day')] });

    expect(await run(first, 'greet')).toBe('hello true\n0');
    expect(await run(second, 'greet')).toBe('good day true\n0');
  });

  it('are described in the order in which they are asked', async () => {
    const { server } = await build({ handlers: [letIn, exec('true', () => 0)] });

    expect(server.describe()).toEqual([
      { request: 'ConnectionRequest', phase: 'limit', source: 'rxsshd/admission' },
      { request: 'ConnectionRequest', phase: 'route', source: 'rxsshd/default' },
      { request: 'SSHServiceRequest', phase: 'route', source: 'rxsshd/default' },
      { request: 'SSHUserAuthRequest', phase: 'authenticate', source: 'decide(SSHUserAuthRequest)' },
      { request: 'SSHChannelOpenRequest', phase: 'route', source: 'rxsshd/default' },
      { request: 'SSHChannelRequest', phase: 'route', source: 'rxsshd/router' },
      { request: 'SSHChannelRequest', phase: 'route', source: 'rxsshd/default' },
      { request: 'SSHGlobalRequest', phase: 'route', source: 'rxsshd/default' },
    ]);
  });

  it('disappear with the server: its streams complete', async () => {
    const { server } = await build({ handlers: [letIn] });
    let completed = false;
    server.events.all.subscribe({ complete: () => (completed = true) });

    await server.shutdown();

    expect(completed).toBe(true);
    await expect(server.listen({ port: 0 })).rejects.toMatchObject({ code: 'ERR_SSH_STATE' });
  });
});

describe('options that cannot be', () => {
  it.each([
    ['no host key', { hostKeys: [] }, 'hostKeys: a server needs at least one'],
    ['the same host key twice', { hostKeys: [hostKey, hostKey] }, 'hostKeys: [0] and [1] are the same key'],
    [
      'a promise of a host key',
      { hostKeys: [generateHostKey()] as never },
      'hostKeys: [0] is no host key but a promise of one; await it',
    ],
    ['a limit of zero', { limits: { maxChannels: 0 } }, 'limits.maxChannels: '],
    ['a fraction of a connection', { admission: { maxConnections: 1.5 } }, 'admission.maxConnections: '],
    ['no authentication method', { authMethods: [] }, 'authMethods: '],
    ['an algorithm nobody has', { algorithms: { ciphers: ['rot13'] } }, 'algorithms.ciphers.0: not one of aes128-gcm'],
    [
      'no algorithm',
      { algorithms: { macs: [] } },
      'algorithms.macs: an empty list; the choices are hmac-sha2-256-etm@openssh.com, ',
    ],
    [
      'compression that strangers could use',
      { algorithms: { compression: ['zlib'] } },
      'algorithms.compression.0: not one of none, zlib@openssh.com',
    ],
    [
      'no word on compression',
      { algorithms: { compression: [] } },
      'algorithms.compression: an empty list; the choices are none, zlib@openssh.com',
    ],
    [
      'a host key algorithm nobody has',
      { algorithms: { hostKeys: ['ssh-dss'] } },
      'hostKeys.0: not one of ssh-ed25519',
    ],
    [
      'a signature of users that cannot be verified',
      { algorithms: { publicKeySignatures: ['ssh-rsa'] } },
      'algorithms.publicKeySignatures.0: not one of ssh-ed25519',
    ],
    [
      'a preset nobody knows',
      { algorithms: 'toString' as 'modern' },
      'algorithms: not one of modern, compatible, fips, and no lists',
    ],
    ['a kind of algorithm nobody knows', { algorithms: { kex: [] } as object }, 'Unrecognized key: "kex"'],
    [
      'a host key that the preset has no use for',
      { algorithms: 'fips' },
      'hostKeys: none of type ssh-ed25519 can sign with ecdsa-sha2-nistp256, ',
    ],
    ['new keys after a handful of bytes', { rekey: { bytes: 1000 } }, 'rekey.bytes: '],
    ['new keys after more than AES is good for', { rekey: { bytes: 2 ** 37 } }, 'rekey.bytes: '],
    ['new keys all the time', { rekey: { ms: 999 } }, 'rekey.ms: '],
    ['new keys after the sequence numbers are used up', { rekey: { packets: 2 ** 31 + 1 } }, 'rekey.packets: '],
    ['a version with a minus sign', { identification: 'my-server' }, 'identification: what comes after SSH-2.0-: '],
    ['a whole identification line', { identification: 'SSH-2.0-mine' }, 'identification: what comes after SSH-2.0-: '],
    ['a comment that is not printable', { identification: 'mine a\nb' }, 'identification: what comes after SSH-2.0-: '],
    ['a version of two lines', { identification: 'mine\n' }, 'identification: what comes after SSH-2.0-: '],
    ['a version that is too long', { identification: 'x'.repeat(245) }, 'identification: at most 244 characters'],
    ['no clients at all', { clientVersions: [] }, 'clientVersions: an empty list, which would let nobody in'],
    ['a client of two lines', { clientVersions: ['SSH-2.0-*\n'] }, 'clientVersions.0: a pattern of 1 to 255'],
    ['too many patterns', { clientVersions: Array.from({ length: 65 }, () => '*') }, 'clientVersions: at most 64'],
    ['a greeting that is an identification', { greeting: 'a\nssh-2.0-x' }, 'greeting: line 2 of the greeting begins'],
    ['a greeting with a bell', { greeting: 'ding\u0007' }, 'greeting: line 1 of the greeting has a control character'],
    ['a greeting that is no text', { greeting: 5 as never }, 'greeting: expected a text, or a function'],
    ['a banner without end', { banner: 'x'.repeat(8193) }, 'banner: a banner of more than 8192 characters'],
    ['a banner that is no text', { banner: {} as never }, 'banner: expected a text, or a function'],
    ['a grace that never ends', { loginGraceMs: Infinity }, 'loginGraceMs: '],
    ['a level above 3', { logLevel: 4 as 3 }, 'logLevel: '],
  ] satisfies [string, Partial<CreateServerOptions>, string][])(
    '%s: the path of the field is named',
    async (_, options, named) => {
      await expect(build(options)).rejects.toMatchObject({
        code: 'ERR_SSH_OPTION',
        message: expect.stringContaining(named) as string,
      });
    },
  );

  it('an option that does not exist is named', async () => {
    const options: object = { maxConections: 5 };
    await expect(build(options)).rejects.toThrow(/options: Unrecognized key: "maxConections"/u);
  });

  it('a port that no machine has is a listening error too', async () => {
    const { server } = await build({ handlers: [letIn] });
    await expect(server.listen({ port: 70_000, host: '127.0.0.1' })).rejects.toMatchObject({ code: 'ERR_SSH_LISTEN' });
  });

  it('a port in use is named, with a way out', async () => {
    const { server: first } = await build({ handlers: [letIn] });
    const { server: second } = await build({ handlers: [letIn] });
    const address = await first.listen({ port: 0, host: '127.0.0.1' });
    const port = typeof address === 'string' ? 0 : address.port;

    await expect(second.listen({ port, host: '127.0.0.1' })).rejects.toMatchObject({
      code: 'ERR_SSH_LISTEN',
      message: `cannot listen on 127.0.0.1:${String(port)}: the port is in use. Stop the other program or choose another port`,
    });
  });
});

describe('an observer that throws', () => {
  it('is reported by name, sees the next event, and stops nobody else', async () => {
    const seen: string[] = [];
    const errors: unknown[] = [];
    const { server } = await build({
      handlers: [
        letIn,
        exec('true', () => 0),
        on(
          'Connected',
          (connected$) =>
            connected$.pipe(
              tap(({ connection }) => {
                seen.push(connection.id);
                if (connection.id === 'c1') throw new Error('not my day');
              }),
            ),
          { source: 'counter' },
        ),
      ],
    });
    server.events.Error.subscribe(({ error, source }) => errors.push([error.code, error.message, source]));

    expect(await run(server, 'true')).toBe('0');
    expect(await run(server, 'true')).toBe('0');

    expect(seen).toEqual(['c1', 'c2']);
    expect(errors).toEqual([['ERR_SSH_HANDLER_FAILED', 'counter failed: not my day', 'counter']]);
  });

  it('is given up when it observes errors and throws at each, instead of going round for ever', async () => {
    const { server } = await build({
      handlers: [
        letIn,
        on('Error', (error$) =>
          error$.pipe(
            tap(() => {
              throw new Error('again');
            }),
          ),
        ),
        on('Connected', (connected$) =>
          connected$.pipe(
            tap(() => {
              throw new Error('first');
            }),
          ),
        ),
      ],
    });
    const messages: string[] = [];
    server.events.Error.subscribe(({ error }) => messages.push(error.message));

    await run(server, 'true', 'wrong');

    expect(messages[0]).toContain('first');
    expect(messages.at(-1)).toContain('failed too often and is not called any more');
    expect(messages).toHaveLength(11);
  });
});
