import { Client, type ConnectConfig } from 'ssh2';

import {
  acceptEnvironment,
  createServer,
  decide,
  denyCommands,
  exec,
  forwardTo,
  generateHostKey,
  grantKeyboardInteractive,
  grantPassword,
  grantPublicKey,
  record,
  type RecordOptions,
  routeChannels,
  shadow,
  shell,
  type SshServer,
} from '../../src/index.js';
import { loopback } from '../../src/testing/index.js';
import * as send from '../support/wire-client-payloads.js';
import { WireClient } from '../support/wire-client.js';

/** Everything that a client sends in {@link recordTraffic} and that nobody may find in its recording. */
export const SECRETS = {
  password: 'correct-horse-battery',
  wrongPassword: 'hunter2-mistyped',
  stalePassword: 'winter-of-last-year',
  newPassword: 'staple-from-now-on',
  answer: 'one-time-code-918273',
  environment: 'ghp_environmentToken',
  refusedEnvironment: 'AKIArefusedToken',
  malformedEnvironment: 'halfOfAnEnvRequest',
  cookie: '7c0ffee5deadbeef0123456789abcdef',
  input: 'typed-at-a-sudo-prompt',
  vendorRequest: 'vendor-request-payload',
  vendorGlobal: 'vendor-global-payload',
  vendorChannel: 'vendor-channel-payload',
} as const;

/** What the recording has to have, so that a search for secrets cannot pass because there is nothing in it. */
export const KNOWN = { user: 'ann', command: 'print --all', variable: 'API_TOKEN', host: 'db.example.com' } as const;

const user = await generateHostKey();
const stranger = await generateHostKey();

async function start(): Promise<SshServer> {
  const { hostKey } = await generateHostKey('ssh-ed25519');
  const keyLine = `ssh-ed25519 ${user.hostKey.publicBlob.toString('base64')} ann`;
  return createServer({
    hostKeys: [hostKey],
    authMethods: ['publickey', 'password', 'keyboard-interactive'],
    onWarning: () => undefined,
    handlers: [
      decide('SSHUserAuthRequest', grantPublicKey(keyLine, { user: KNOWN.user })),
      decide(
        'SSHUserAuthRequest',
        grantPassword(
          (_user, password) =>
            password === SECRETS.password || (password === SECRETS.stalePassword && { change: 'A new one: ' }),
        ),
      ),
      decide(
        'SSHUserAuthRequest',
        grantKeyboardInteractive({
          prompts: [{ text: 'Code: ' }],
          verify: (_user, answers) => answers[0] === SECRETS.answer,
        }),
      ),
      decide('SSHChannelRequest', acceptEnvironment([KNOWN.variable])),
      decide('SSHChannelRequest', denyCommands(['rm *'])),
      decide('SSHChannelRequest', shadow(denyCommands(['print *']))),
      decide('SSHChannelOpenRequest', forwardTo([{ hosts: ['*.example.com'], ports: [5432] }])),
      decide(
        'SSHChannelOpenRequest',
        routeChannels({
          'direct-tcpip': (channel) => {
            channel.close();
          },
        }),
      ),
      exec('print *', async (session) => {
        for await (const block of session.stdin as AsyncIterable<Buffer>) await session.write(block);
        return 3;
      }),
      exec('fail', () => {
        throw new Error('out of paper');
      }),
      shell((session) => `hello ${session.user}\n`),
    ],
  });
}

/** Runs `work` with a client that has signed in, or has not been able to. */
async function withClient(
  server: SshServer,
  config: ConnectConfig,
  work: (client: Client) => Promise<void> = async () => undefined,
): Promise<void> {
  const client = new Client();
  const closed = new Promise<void>((resolve) => {
    client.once('close', resolve);
  });
  const ready = new Promise<boolean>((resolve) => {
    client.once('ready', () => {
      resolve(true);
    });
    client.on('error', () => {
      resolve(false);
    });
  });
  client.on('keyboard-interactive', (_name, _instructions, _language, _prompts, finish) => {
    finish([SECRETS.answer]);
  });
  client.connect({ username: KNOWN.user, ...config, sock: loopback(server) });
  if (await ready) await work(client);
  client.end();
  await closed;
}

/** Runs a command, or the shell, to its end. */
const run = (client: Client, command: string | undefined, options: object, input = ''): Promise<void> =>
  new Promise((resolve) => {
    const follow: Parameters<Client['exec']>[1] = (error, channel) => {
      if (error) {
        resolve();
        return;
      }
      channel.resume().once('close', () => {
        resolve();
      });
      channel.stderr.resume();
      channel.end(input);
    };
    if (command === undefined) client.shell({ term: 'vt100', rows: 40, cols: 132 }, options, follow);
    else client.exec(command, options, follow);
  });

/** What well-behaved clients never send. */
async function sendOddities(server: SshServer): Promise<void> {
  const client = new WireClient(loopback(server));
  await client.exchanged();
  client.send(send.serviceRequest());
  await client.take(6);
  client.send(send.authPassword(SECRETS.stalePassword));
  await client.take(60);
  client.send(send.authMethod('password', 1, SECRETS.stalePassword, SECRETS.newPassword));
  await client.take(51);
  client.send(send.authMethod('gssapi-keyex'));
  await client.take(51);
  client.send(send.authPassword(SECRETS.password));
  await client.take(52);
  const channel = await client.open();
  // The length says that more follows, so the value cannot be told from the rest.
  client.send(send.channelRequest(channel, 'env', true, KNOWN.variable, [999], SECRETS.malformedEnvironment));
  await client.takeFor(0);
  client.send(send.channelRequest(channel, 'login@example.com', true, SECRETS.vendorRequest));
  await client.takeFor(0);
  client.send(send.globalRequest('login@example.com', true, SECRETS.vendorGlobal));
  await client.take(82);
  client.send(
    Buffer.concat([send.channelOpen({ sender: 7, type: 'login@example.com' }), Buffer.from(SECRETS.vendorChannel)]),
  );
  await client.take(92);
  client.send(send.disconnect(11, 'bye'));
  client.destroy();
}

/** Records a server to which clients do a bit of everything, and some of it in vain. Settles when all is on the disk. */
export async function recordTraffic(options: RecordOptions): Promise<void> {
  const server = await start();
  const recording = record(server.events.all, options);
  const { user: username } = KNOWN;

  await withClient(server, { privateKey: stranger.privateKeyText });
  await withClient(server, { password: SECRETS.wrongPassword });
  await withClient(server, { username, tryKeyboard: true });
  await withClient(server, { privateKey: user.privateKeyText }, async (client) => {
    const env = { [KNOWN.variable]: SECRETS.environment, LD_PRELOAD: SECRETS.refusedEnvironment };
    const x11 = { cookie: SECRETS.cookie, protocol: 'MIT-MAGIC-COOKIE-1', screen: 0, single: false };
    await run(client, KNOWN.command, { env }, SECRETS.input);
    await run(client, 'rm -rf /', {});
    await run(client, 'fail', {});
    await run(client, 'print', { x11 });
    await run(client, undefined, { env });
  });
  await withClient(server, { password: SECRETS.password }, async (client) => {
    for (const host of [KNOWN.host, '192.0.2.66']) {
      await new Promise<void>((resolve) => {
        client.forwardOut('127.0.0.1', 50_000, host, 5432, (error, channel) => {
          if (error) resolve();
          else channel.resume().once('close', resolve).end(SECRETS.input);
        });
      });
    }
    await new Promise<void>((resolve) => {
      client.forwardIn('127.0.0.1', 8080, () => {
        resolve();
      });
    });
  });
  await sendOddities(server);

  await server.shutdown();
  await recording.close();
}
