import { createHash } from 'node:crypto';

import { banAfter, type ConnectionRequest, type Decided, DenyReason, grantPassword } from 'rxsshd';
import { act, authRequest, connectionRequest, simulate, type SimulatedClient } from 'rxsshd/testing';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export const BAN = { failures: 5, windowMs: DAY, banMs: 4 * HOUR, maxBanMs: 30 * DAY, forgetMs: 30 * DAY };

/** What became of one network that attacks. */
export interface Attacked {
  /** Passwords that the server listened to. */
  guesses: number;
  /** Connections that were turned away. */
  refused: number;
  /** When the server took a connection, in milliseconds since the month began. */
  readonly admittedAt: number[];
}

/** What a month came to. */
export interface Month {
  readonly bySource: ReadonlyMap<string, Attacked>;
  readonly ann: SimulatedClient;
  readonly bob: SimulatedClient;
  /** Of everything that was decided, with its time. */
  readonly digest: string;
}

/** Thirty days in which `attackers` try passwords day and night, while two users go to work. */
export async function simulatedMonth(attackers: number): Promise<Month> {
  await using simulation = await simulate({
    policies: {
      ConnectionRequest: [banAfter<ConnectionRequest>(BAN)],
      SSHUserAuthRequest: [grantPassword((user, password) => password === `${user}'s secret`)],
    },
  });
  const { server } = simulation;
  const bySource = new Map<string, Attacked>();
  const digest = createHash('sha256');
  server.events.Decided.subscribe((decided) => {
    digest.update(`${String(simulation.elapsedMs)} ${lineOf(decided)}\n`);
    count(bySource, decided, simulation.elapsedMs);
  });

  // From eight to four, every day. Bob mistypes his password each time.
  const steps = { a: authRequest.password('ann', "ann's secret"), b: authRequest.password('bob', "bob's secret") };
  const typo = authRequest.password('bob', 'bobs secret');
  const ann = simulation.client('10.0.0.200', '8h c-a-s 8h | 7h 59m 59s 994ms', steps, { repeat: 30 });
  const bob = simulation.client('192.0.2.7', '8h c-t-b-s 8h | 7h 59m 59s 992ms', { ...steps, t: typo }, { repeat: 30 });

  for (let index = 0; index < attackers; index += 1) {
    // Spread over the two hours between one attempt and the next, each at a millisecond of its own.
    void attack(simulation.client(addressOf(index)), 1 + index * 14_369);
  }
  await simulation.run('30d');
  return { bySource, ann, bob, digest: digest.digest('hex') };
}

const GUESSES = [
  authRequest.password('root', '123456'),
  authRequest.password('admin', 'admin'),
  authRequest.password('test', 'test'),
];

/** Tries again after two hours, or after four if nobody listened. Never gives up. */
async function attack(client: SimulatedClient, beginsAt: number): Promise<void> {
  let wait = beginsAt;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    const [answer] = await client.perform(connectionRequest());
    wait = answer?.outcome === 'connected' ? 2 * HOUR : 4 * HOUR;
    if (answer?.outcome !== 'connected') continue;
    for (const guess of GUESSES) await client.perform(guess);
    await client.perform(act.disconnect());
  }
}

/** Three of five come from a few crowded networks, one from a network of its own, and one shares its IPv6 network with three. */
function addressOf(index: number): string {
  const round = Math.floor(index / 5);
  if (index % 5 === 4) return `2001:db8:0:${(round >> 2).toString(16)}::${String(1 + (round & 3))}`;
  return index % 5 === 3 ? `10.1.${String(round)}.1` : `10.0.${String(index % 5)}.${String(round)}`;
}

/** As `banAfter` tells networks apart: each IPv4 address by itself, 64 bits of an IPv6 address. */
export const sourceOf = (address: string): string => address.replace(/::.*$/, '::/64');

function lineOf({ connection, request, outcome, by, source, phase, ...decided }: Decided): string {
  const { id, remoteAddress, remotePort } = connection;
  const asked = request.type === 'SSHUserAuthRequest' ? `${request.method} of ${request.user}` : '';
  const why = 'reason' in decided ? decided.reason : '';
  return [id, remoteAddress, remotePort, request.type, asked, outcome, why, by, source, phase].join(' ');
}

function count(bySource: Map<string, Attacked>, decided: Decided, now: number): void {
  const { connection, request, outcome } = decided;
  const source = sourceOf(connection.remoteAddress);
  const known = bySource.get(source) ?? { guesses: 0, refused: 0, admittedAt: [] };
  bySource.set(source, known);
  if (request.type === 'SSHUserAuthRequest' && request.method === 'password') known.guesses += 1;
  if (request.type !== 'ConnectionRequest') return;
  if (outcome === 'granted') known.admittedAt.push(now);
  else if (outcome === 'denied' && decided.reason === DenyReason.Banned) known.refused += 1;
}
