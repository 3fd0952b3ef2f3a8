import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  clientHistories,
  type ClientHistory,
  expectInvariants,
  leakCheck,
  playHistory,
  type TraceEntry,
} from '../../../src/testing/index.js';
import { attempts, demands, guardedSite, QUIET } from './guarded-site.js';

// It is one; its type says so by its members, since the package does not depend on fast-check.
// eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
const histories: fc.Arbitrary<ClientHistory> = clientHistories(fc, attempts);

/** Other ones each time; `HISTORIES=20000` looks longer. */
const NUM_RUNS = Number(process.env['HISTORIES'] ?? 200);

describe('a server with policies of every kind', () => {
  it('keeps every invariant, whatever its clients do', { timeout: 3_600_000 }, async () => {
    let played = 0;
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        await using site = await guardedSite();
        expectInvariants(await playHistory(site.simulation, history, { watch: site.watch, quiet: QUIET }), demands);
        played += 1;
      }),
      { numRuns: NUM_RUNS },
    );
    expect(played).toBe(NUM_RUNS);
  });

  it('leaves nothing subscribed, nothing listening and nothing referenced', { timeout: 60_000 }, async () => {
    for (const history of fc.sample(histories, { numRuns: 25, seed: 4251 })) {
      await using site = await guardedSite();
      // Nothing is returned: a trace holds events, and these their connection.
      const play = async () => {
        expectInvariants(await playHistory(site.simulation, history, { quiet: QUIET }), demands);
      };
      // What policies set up once for the whole server is there from the first time on.
      await play();
      await leakCheck(site.simulation, play);
    }
  });
});

/** What must not be out of reach, lest the invariants hold for want of anything that could break them. */
const EXPECTED = [
  ...['Connected', 'Error', 'SSHChannelDataIn', 'SSHChannelEOF', 'SSHChannelReadyToSend', 'SSHChannelRequested'],
  ...['password', 'publickey', 'keyboard-interactive'].map((method) => `signed in by ${method}`),
  ...['admission', 'rateLimit', 'maxAuthAttempts', 'denyUsers', 'grantPassword', 'grantPublicKey', 'denyWhen'].map(
    (by) => `denied by ${by}`,
  ),
  ...['grantKeyboardInteractive', 'maxChannels', 'one program a channel', 'rxsshd'].map((by) => `denied by ${by}`),
  ...['grantWhen', 'forwarding', 'acceptEnvironment', 'exec(talk)', 'exec(wait)', 'shell'].map(
    (by) => `granted by ${by}`,
  ),
  ...['sessionLimit', 'idleTimeout'].map((by) => `revoked by ${by}`),
  ...[
    'disconnected by user',
    'the client closed the connection',
    'read ECONNRESET',
    'a message of the connection protocol before authentication',
    'a message for a channel that is not open',
    'an answer to questions that were not asked',
    'authentication was not asked for as a service',
    'malformed or untimely service request',
    'more channel data than the window allows',
    'the login took too long',
    'too many authentication failures',
  ].map((end) => `ended: ${end}`),
  ...[1, 3, 6, 51, 52, 60, 81, 82, 91, 92, 94, 96, 97, 98, 99, 100].map((number) => `sent ${String(number)}`),
];

describe('generated histories', () => {
  it('bring about whatever can happen', { timeout: 120_000 }, async () => {
    const seen = new Set<string>();
    for (const history of fc.sample(histories, { numRuns: 400, seed: 4253 })) {
      await using site = await guardedSite();
      const trace = await playHistory(site.simulation, history, { watch: site.watch, quiet: QUIET });
      expectInvariants(trace, demands);
      for (const entry of trace.entries) for (const it of happenings(entry)) seen.add(it);
    }
    expect(EXPECTED.filter((it) => !seen.has(it))).toEqual([]);
  });

  it('are written as a test would have them', () => {
    const [history] = fc.sample(histories, { numRuns: 1, seed: 4 });
    expect(String(history)).toMatchInlineSnapshot(`
      "simulation.client('198.51.100.9', 'ckseS(tNz|)', {
        k: authRequest.provenKey('ann', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJp0H4zqzHXoZ3mI3gJ3SZg7b5c5mQ0c5XkZ2m8Fh2mD'),
        e: act.atOnce(channelRequest.env('LANG', 'C')),
        S: act.atOnce(channelOpen.session()),
        t: channelOpen.directTcpip('db.example.com', 5432),
        N: globalRequest.other('nonsense@example.com', Buffer.alloc(0), { wantReply: false }),
        z: act.close(),
      });
      simulation.client('198.51.100.9', 'cpsx(iX)', {
        p: authRequest.password('ann', 'right'),
        x: channelRequest.exec('wait'),
        i: act.atOnce(authRequest.keyboardInteractive('ann')),
        X: channelRequest.exec('refuse'),
      });"
    `);
  });
});

function happenings(entry: TraceEntry): readonly string[] {
  if (entry.kind === 'payload') return entry.to === 'client' ? [`sent ${String(entry.payload[0])}`] : [];
  if (entry.kind !== 'event') return [];
  const { event } = entry;
  if (event.type === 'Disconnected') return [`ended: ${event.description}`];
  if (event.type !== 'Decided') return [event.type];
  const { request, outcome, by } = event;
  const isSignIn = request.type === 'SSHUserAuthRequest' && outcome === 'granted' && event.provisional !== true;
  return [`${outcome} by ${by}`, ...(isSignIn ? [`signed in by ${request.method}`] : [])];
}
