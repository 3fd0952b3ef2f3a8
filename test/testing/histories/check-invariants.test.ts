import fc from 'fast-check';
import { map } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';

import {
  decideEach,
  denyUsers,
  exec,
  grantPassword,
  grantWhen,
  type Policy,
  type SSHGlobalRequest,
  type SSHUserAuthRequest,
} from '../../../src/index.js';
import { ChannelData } from '../../../src/protocol/messages/channel-data.js';
import { RequestFailure } from '../../../src/protocol/messages/global-request.js';
import { RequestQueue } from '../../../src/protocol/request-queue.js';
import { EventHub } from '../../../src/streams/event-hub.js';
import {
  checkInvariants,
  clientHistories,
  type ClientHistory,
  type Credential,
  type InvariantOptions,
  type InvariantViolation,
  playHistory,
  simulate,
  type SimulateOptions,
  VerdictWatch,
} from '../../../src/testing/index.js';
import { SimulatedTransport } from '../../../src/testing/simulation/simulated-transport.js';
import { SSH_MSG } from '../../../src/transport/messages/message-number.js';

const mayEnter = (it: Credential): boolean => it.method === 'password' && it.user === 'ann' && it.password === 'right';
const rightPassword = grantPassword((user, password) => user === 'ann' && password === 'right');
// It is one; its type says so by its members, since the package does not depend on fast-check.
// eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
const histories: fc.Arbitrary<ClientHistory> = clientHistories(fc, {
  users: ['ann', 'eve'],
  passwords: ['right'],
  mayEnter,
  maxClients: 1,
});

interface Subject {
  readonly policies?: SimulateOptions['policies'];
  readonly watch?: VerdictWatch;
  readonly demands?: Partial<InvariantOptions>;
}

/** What is wrong with what a server does, that is right but for what a test has broken. */
async function judge(
  history: ClientHistory,
  { policies, watch, demands }: Subject,
): Promise<readonly InvariantViolation[]> {
  await using simulation = await simulate({
    policies: {
      SSHUserAuthRequest: [rightPassword],
      SSHGlobalRequest: [grantWhen(({ requestType }) => requestType === 'tcpip-forward')],
      ...policies,
    },
    handlers: [exec('true', (session) => session.write('true').then(() => 0))],
  });
  const trace = await playHistory(simulation, history, watch === undefined ? {} : { watch });
  return checkInvariants(trace, { mayEnter, ...demands });
}

/** The shortest history that shows what is broken, and what is said of it. */
async function shortest(subject: Subject = {}): Promise<{ readonly text: string; readonly said: readonly string[] }> {
  const { counterexample } = await fc.check(
    fc.asyncProperty(histories, async (history) => (await judge(history, subject)).length === 0),
    { numRuns: 2000, seed: 3, endOnFailure: false },
  );
  const [history] = counterexample ?? [];
  if (history === undefined) throw new Error('nothing was found');
  const violations = await judge(history, subject);
  return { text: String(history), said: violations.map(({ invariant, detail }) => `${invariant}: ${detail}`) };
}

/** Has the server send what `change` makes of each of its messages. */
function breakReplies(change: (payload: Buffer) => readonly Buffer[]): void {
  // Called with the transport that the spy was called on.
  const { send } = SimulatedTransport.prototype;
  vi.spyOn(SimulatedTransport.prototype, 'send').mockImplementation(function (this: SimulatedTransport, head, body) {
    const payload = Buffer.concat(body === undefined ? [head] : [head, body]);
    for (const changed of change(payload)) send.call(this, changed);
  });
}

const signedIn = "p: authRequest.password('ann', 'right'),";

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the shortest history is found that shows', { timeout: 60_000 }, () => {
  it('a grant without proof', async () => {
    const { text, said } = await shortest({ policies: { SSHUserAuthRequest: [grantPassword(() => true)] } });
    expect(text).toBe(
      ["simulation.client('192.0.2.7', 'cp', {", "  p: authRequest.password('eve', 'wrong'),", '});'].join('\n'),
    );
    expect(said).toEqual(['no grant without proof: 192.0.2.7:10000: "eve" got in by password, which is not enough']);
  });

  it('a denial that does not win', async () => {
    const watch = new VerdictWatch();
    const revive: Policy<SSHUserAuthRequest> = (verdict$) =>
      watch
        .watch(denyUsers<SSHUserAuthRequest>(['ann']))(verdict$)
        .pipe(
          map((verdict) =>
            verdict.state === 'denied' ? { state: 'open', request: verdict.request, leases: [] } : verdict,
          ),
        );
    const { text, said } = await shortest({ watch, policies: { SSHUserAuthRequest: [revive, rightPassword] } });
    expect(text).toBe(["simulation.client('192.0.2.7', 'cp', {", `  ${signedIn}`, '});'].join('\n'));
    expect(said).toEqual(['deny wins: grantPassword granted SSHUserAuthRequest, which denyUsers had denied']);
  });

  it('an answer of the connection protocol before authentication', async () => {
    breakReplies((payload) =>
      payload[0] === SSH_MSG.SERVICE_ACCEPT ? [payload, RequestFailure.encode({})] : [payload],
    );
    const { text, said } = await shortest();
    expect(text).toBe("simulation.client('192.0.2.7', 'c');");
    expect(said).toEqual([
      'authentication first: 192.0.2.7:10000: message 82 of the connection protocol before authentication',
      'replies in order: 192.0.2.7:10000: an answer to a global request, and nothing was asked',
    ]);
  });

  it('an answer that is missing', async () => {
    breakReplies((payload) => (payload[0] === SSH_MSG.REQUEST_SUCCESS ? [] : [payload]));
    const { text, said } = await shortest();
    expect(text).toMatchInlineSnapshot(`
      "simulation.client('192.0.2.7', 'cpg', {
        p: authRequest.password('ann', 'right'),
        g: globalRequest.tcpipForward('localhost', 8080),
      });"
    `);
    expect(said).toMatchInlineSnapshot(`
      [
        "replies in order: 192.0.2.7:10000: a global request was never answered",
      ]
    `);
  });

  it('an answer given twice', async () => {
    breakReplies((payload) => (payload[0] === SSH_MSG.CHANNEL_FAILURE ? [payload, payload] : [payload]));
    const { text, said } = await shortest();
    expect(text).toMatchInlineSnapshot(`
      "simulation.client('192.0.2.7', 'cpsf', {
        p: authRequest.password('ann', 'right'),
        f: channelRequest.subsystem('sftp'),
      });"
    `);
    expect(said).toMatchInlineSnapshot(`
      [
        "replies in order: 192.0.2.7:10000: an answer on channel 0, and nothing was asked",
      ]
    `);
  });

  it('answers in the order of the decisions, not of the questions', async () => {
    // All are asked at once, and the first to be decided is the first to be answered.
    vi.spyOn(RequestQueue.prototype, 'push').mockImplementation((ask) => {
      ask(() => undefined);
    });
    const slowGrant = grantWhen<SSHGlobalRequest>(async ({ requestType }) => {
      if (requestType === 'tcpip-forward') await new Promise((resolve) => setTimeout(resolve, 1000));
      return requestType === 'tcpip-forward';
    });
    const { text, said } = await shortest({
      policies: { SSHUserAuthRequest: [rightPassword], SSHGlobalRequest: [slowGrant] },
    });
    expect(text).toMatchInlineSnapshot(`
      "simulation.client('192.0.2.7', 'cpgG', {
        p: authRequest.password('ann', 'right'),
        g: act.atOnce(globalRequest.tcpipForward('localhost', 8080)),
        G: globalRequest.other('nonsense@example.com'),
      });"
    `);
    expect(said).toMatchInlineSnapshot(`
      [
        "replies in order: 192.0.2.7:10000: an answer to a global request, before the oldest request was decided",
        "replies in order: 192.0.2.7:10000: an answer to a global request, and the oldest request was denied",
      ]
    `);
  });

  it('an event that is missing', async () => {
    // Called with the hub that the spy was called on.
    const { emit } = EventHub.prototype;
    vi.spyOn(EventHub.prototype, 'emit').mockImplementation(function (this: EventHub, event) {
      if (event.type !== 'SSHChannelClosed') emit.call(this, event);
    });
    const { text, said } = await shortest();
    expect(text).toMatchInlineSnapshot(`
      "simulation.client('192.0.2.7', 'cps', {
        p: authRequest.password('ann', 'right'),
      });"
    `);
    expect(said).toMatchInlineSnapshot(`
      [
        "events well-formed: 192.0.2.7:10000: Disconnected with open channels: c1.0",
      ]
    `);
  });

  it('a limit that does not hold', async () => {
    const { text, said } = await shortest({ demands: { limits: { maxChannels: 1 } } });
    expect(text).toMatchInlineSnapshot(`
      "simulation.client('192.0.2.7', 'cpss', {
        p: authRequest.password('ann', 'right'),
      });"
    `);
    expect(said).toMatchInlineSnapshot(`
      [
        "limits hold: 192.0.2.7:10000: 2 channels at once",
      ]
    `);
  });

  it('a window that is overrun', async () => {
    const flood = Buffer.alloc(32 * 1024 + 1);
    breakReplies((payload) => {
      const data = ChannelData.decode(payload);
      return [data === undefined ? payload : ChannelData.encode({ ...data, data: flood })];
    });
    const { text, said } = await shortest();
    expect(text).toMatchInlineSnapshot(`
      "simulation.client('192.0.2.7', 'cpsx', {
        p: authRequest.password('ann', 'right'),
        x: channelRequest.exec('true'),
      });"
    `);
    expect(said).toMatchInlineSnapshot(`
      [
        "windows kept: 192.0.2.7:10000: 32769 bytes in one message",
      ]
    `);
  });

  it('a timer that is left', async () => {
    const forgetful = decideEach<SSHUserAuthRequest>('forgetful', (verdict) => {
      if (verdict.request.method === 'none') setInterval(() => undefined, 1000);
      return verdict;
    });
    const { text, said } = await shortest({ policies: { SSHUserAuthRequest: [forgetful, rightPassword] } });
    expect(text).toMatchInlineSnapshot(`
      "simulation.client('192.0.2.7', 'cn', {
        n: authRequest.none('ann'),
      });"
    `);
    expect(said).toMatchInlineSnapshot(`
      [
        "nothing leaks: 1 timers still wait",
      ]
    `);
  });
});

describe('nothing is said against', { timeout: 60_000 }, () => {
  it('a server that is right', async () => {
    const { failed } = await fc.check(
      fc.asyncProperty(histories, async (history) => (await judge(history, {})).length === 0),
      { numRuns: 200, seed: 4252 },
    );
    expect(failed).toBe(false);
  });
});
