import {
  acceptEnvironment,
  banAfter,
  denyUsers,
  denyWhen,
  exec,
  forwardTo,
  grantKeyboardInteractive,
  grantPassword,
  grantPublicKey,
  grantWhen,
  idleTimeout,
  maxAuthAttempts,
  maxChannels,
  rateLimit,
  sessionLimit,
  shell,
  type Policy,
  type SSHUserAuthRequest,
  uniformDelay,
} from '../../../src/index.js';
import {
  type Credential,
  type HistoryOptions,
  type InvariantOptions,
  simulate,
  type Simulation,
  VerdictWatch,
} from '../../../src/testing/index.js';

const PASSWORD = 'right';
const CODE = '000000';

/** Ann's; anybody may show it. */
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJp0H4zqzHXoZ3mI3gJ3SZg7b5c5mQ0c5XkZ2m8Fh2mD';

/** Who has a right to be let in: ann in all three ways. Eve would know the password, and is not wanted. */
function mayEnter(credential: Credential): boolean {
  switch (credential.method) {
    case 'none':
    case 'hostbased':
      return false;
    case 'password':
      return credential.user === 'ann' && credential.password === PASSWORD;
    case 'publickey':
      return credential.user === 'ann' && Buffer.from(credential.key.blob).toString('base64') === KEY.split(' ')[1];
    case 'keyboard-interactive':
      return credential.user === 'ann' && credential.answers.join() === CODE;
  }
}

const limits = { maxChannels: 3, maxAuthFailures: 3, maxAuthRequests: 8, windowSize: 32_768, maxWaitingRequests: 4 };
const admission = { maxConnections: 5, maxStartups: 4, maxPerSource: 2 };

/** What the clients of histories have at hand here. */
export const attempts: HistoryOptions = {
  users: ['ann', 'eve'],
  passwords: [PASSWORD],
  keys: [KEY],
  answers: [[CODE]],
  mayEnter,
  commands: ['talk', 'wait', 'refuse'],
  windowSize: limits.windowSize,
};

/** What the server here is held to. */
export const demands: InvariantOptions = { mayEnter, limits: { ...limits, ...admission } };

/** After how long everything is over that the policies here set going. */
export const QUIET = '30m';

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const slowly: Policy<SSHUserAuthRequest> = uniformDelay(
  grantPassword(async (_user, password) => {
    await later(20);
    return password === PASSWORD;
  }),
  { floorMs: 50 },
);

/** A server in virtual time, and what watches its policies. */
interface GuardedSite extends AsyncDisposable {
  readonly simulation: Simulation;
  readonly watch: VerdictWatch;
}

/** A server with a policy of every kind, some of them slow, and limits small enough to be met. */
export async function guardedSite(): Promise<GuardedSite> {
  const watch = new VerdictWatch();
  const simulation = await simulate({
    limits,
    admission,
    authMethods: ['publickey', 'password', 'keyboard-interactive'],
    policies: watch.around({
      ConnectionRequest: [
        rateLimit({ limit: 3, windowMs: 60_000, keyOf: ({ connection }) => connection.remoteAddress }),
        sessionLimit({ limitMs: 20 * 60_000, warnBeforeMs: 60_000 }),
      ],
      SSHUserAuthRequest: [
        maxAuthAttempts(2),
        banAfter({ failures: 6, windowMs: 60_000, banMs: 60_000 }),
        slowly,
        grantPublicKey(() => `${KEY} ann`),
        grantKeyboardInteractive({ prompts: [{ text: 'Code: ' }], verify: (_user, [code]) => code === CODE }),
        // Behind the grants: what denies comes last here, so that it has something to overrule.
        denyUsers(['eve']),
        idleTimeout({ idleMs: 10 * 60_000 }),
      ],
      SSHChannelOpenRequest: [
        maxChannels(1, { types: ['direct-tcpip'] }),
        forwardTo([{ hosts: ['*.example.com'] }]),
        grantWhen(({ channelType }) => channelType === 'direct-tcpip', { name: 'forwarding' }),
      ],
      SSHChannelRequest: [
        acceptEnvironment(['LANG']),
        denyWhen(async ({ detail }) => {
          await later(5);
          return detail.type === 'exec' && detail.command === 'refuse';
        }),
      ],
      SSHGlobalRequest: [
        grantWhen(async ({ requestType }) => {
          await later(requestType === 'tcpip-forward' ? 7 : 1);
          return requestType === 'tcpip-forward';
        }),
      ],
    }),
    handlers: [
      exec('talk', async (session) => {
        await session.write('word\n'.repeat(200));
        return 0;
      }),
      exec('wait', async () => {
        await later(5000);
        return 1;
      }),
      exec('refuse', () => 0),
      shell((session) => session.write('$ ').then(() => later(60_000))),
    ],
  });
  return { simulation, watch, [Symbol.asyncDispose]: () => simulation[Symbol.asyncDispose]() };
}
