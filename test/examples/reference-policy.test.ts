import { identity } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { application } from '../../examples/reference/application.js';
import { readSettings } from '../../examples/reference/settings.js';
import { DenyReason, grantPublicKey } from '../../src/index.js';
import {
  act,
  authRequest,
  channelOpen,
  channelRequest,
  connectionRequest,
  simulate,
  type SimulatedClient,
  type Simulation,
  type TimedOutcome,
} from '../../src/testing/index.js';

/** What `npm start` goes by if the environment says nothing. */
const settings = readSettings({});

const reference = (): Promise<Simulation> => simulate(application(settings, identity));

const knock = connectionRequest();
const demo = authRequest.password('demo', 'demo');
const guess = authRequest.password('demo', 'guess');

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUpgMoQnTzOWWWqSmVpTeS1uYyZMF9BTQYIEsdfVRzq demo';

const times = (count: number): readonly number[] => [...Array(count).keys()];

/** A neighbourhood of addresses, all different. */
const addressOf = (index: number): string => `10.0.${String(index >> 8)}.${String(index & 255)}`;

/** What a client has learned, without times. */
const told = (outcomes: readonly TimedOutcome[]): readonly string[] => outcomes.map(({ outcome }) => outcome);

/** What a client learns of a step that its server answers in no time. */
async function learns(
  simulation: Simulation,
  client: SimulatedClient,
  step: Parameters<SimulatedClient['perform']>[0],
) {
  const learned = client.perform(step);
  await simulation.run('0ms');
  return told(await learned);
}

describe('the reference server with its default settings', () => {
  it('takes 1000 connections, turns the next one away, and takes one more when one has gone', async () => {
    expect(settings.maxConnections).toBe(1000);
    await using simulation = await reference();
    const clients = times(settings.maxConnections).map((index) =>
      // One after the other: who has not signed in counts for a limit of its own.
      simulation.client(addressOf(index), `${String(index)}ms (ca)`, { a: demo }),
    );
    await simulation.run();
    expect(clients.filter((client) => told(client.outcomes).join() === 'connected,granted')).toHaveLength(1000);

    const late = simulation.client('192.0.2.7');
    expect(await learns(simulation, late, knock)).toEqual(['refused']);
    await clients[0]?.perform(act.disconnect());
    expect(await learns(simulation, late, knock)).toEqual(['connected']);
  });

  it('waits for 100 clients to sign in, turns the next one away, and takes one more when one has signed in', async () => {
    expect(settings.maxStartups).toBe(100);
    await using simulation = await reference();
    const clients = times(settings.maxStartups).map((index) => simulation.client(addressOf(index), 'c'));
    await simulation.run();
    expect(clients.filter((client) => told(client.outcomes).join() === 'connected')).toHaveLength(100);

    const late = simulation.client('192.0.2.7');
    expect(await learns(simulation, late, knock)).toEqual(['refused']);
    await clients[0]?.perform(demo);
    expect(await learns(simulation, late, knock)).toEqual(['connected']);
  });

  it('waits for 10 clients of one address, turns its next one away, and nobody else', async () => {
    expect(settings.maxPerSource).toBe(10);
    await using simulation = await reference();
    const clients = times(settings.maxPerSource).map(() => simulation.client('192.0.2.7', 'c'));
    await simulation.run();
    expect(clients.filter((client) => told(client.outcomes).join() === 'connected')).toHaveLength(10);

    const late = simulation.client('192.0.2.7');
    expect(await learns(simulation, late, knock)).toEqual(['refused']);
    expect(await learns(simulation, simulation.client('192.0.2.8'), knock)).toEqual(['connected']);
    await clients[0]?.perform(act.hangUp());
    expect(await learns(simulation, late, knock)).toEqual(['connected']);
  });

  it('hears 600 passwords a minute from one address, no more whatever they are, and again when the minute is over', async () => {
    expect(settings.maxLoginsPerMinute).toBe(600);
    await using simulation = await reference();
    // Six on a connection is all there is.
    const round = `(c${'g'.repeat(settings.maxAuthAttempts)}) 92ms`;
    const attacker = simulation.client('192.0.2.7', round, { g: guess }, { repeat: 100 });
    const user = simulation.client('192.0.2.7');
    const neighbour = simulation.client('192.0.2.8');
    await simulation.run();
    expect(attacker.outcomes.filter(({ outcome }) => outcome === 'denied')).toHaveLength(500);
    expect(attacker.outcomes.filter(({ outcome }) => outcome === 'disconnected')).toHaveLength(100);

    await learns(simulation, user, knock);
    await learns(simulation, neighbour, knock);
    expect(await learns(simulation, user, demo)).toEqual(['denied']);
    expect(await learns(simulation, neighbour, demo)).toEqual(['granted']);
    // The first password came at the very beginning, the last one 9.9 s later.
    await simulation.run(`${String(59_999 - simulation.elapsedMs)}ms`);
    expect(await learns(simulation, user, demo)).toEqual(['denied']);
    await simulation.run('1ms');
    expect(await learns(simulation, user, demo)).toEqual(['granted']);
  });

  it('counts neither the questions of a client nor whether a key would do among the logins of a minute', async () => {
    await using simulation = await reference();
    const offers = { k: authRequest.offeredKey('demo', KEY) };
    const asker = simulation.client('192.0.2.7', `(c${'k'.repeat(60)}|) 37ms`, offers, { repeat: 11 });
    await simulation.run();
    expect(asker.outcomes.filter(({ outcome }) => outcome === 'denied')).toHaveLength(660);

    const user = simulation.client('192.0.2.7');
    await learns(simulation, user, knock);
    expect(await learns(simulation, user, demo)).toEqual(['granted']);
  });

  it('hears 5 wrong passwords on a connection and ends it at the 6th; the 6th may be right', async () => {
    expect(settings.maxAuthAttempts).toBe(6);
    await using simulation = await reference();
    const attacker = simulation.client('192.0.2.7', 'c-g-g-g-g-g-g', { g: guess });
    const user = simulation.client('192.0.2.8', 'c-g-g-g-g-g-d', { g: guess, d: demo });
    simulation.expectClient(attacker).toBe('c-d-d-d-d-d-x', {
      x: 'disconnected: too many authentication failures',
    });
    simulation.expectClient(user).toBe('c-d-d-d-d-d-g');
    await simulation.run();
  });

  it('lets in the user of two steps by a password or a key, and an answer behind it', async () => {
    await using simulation = await simulate(application(settings, grantPublicKey(KEY, { user: ['demo', 'mfa'] })));
    const steps = {
      p: authRequest.password('mfa', 'mfa'),
      k: authRequest.provenKey('mfa', KEY),
      i: authRequest.keyboardInteractive('mfa'),
      a: authRequest.keyboardInteractiveAnswer('mfa', ['mfa']),
      w: authRequest.keyboardInteractiveAnswer('mfa', ['demo']),
      q: authRequest.keyboardInteractive('demo'),
    };
    const byPassword = simulation.client('192.0.2.7', 'cpiwia', steps);
    const byKey = simulation.client('192.0.2.8', 'cikkia', steps);
    const demoToo = simulation.client('192.0.2.9', 'cqk', { ...steps, k: authRequest.provenKey('demo', KEY) });
    await simulation.run('10s');

    // What is left of the one alternative, and the other.
    const behindPassword = ['publickey', 'keyboard-interactive'];
    const behindKey = ['password', 'keyboard-interactive'];
    const either = { outcome: 'denied', methods: ['publickey', 'password'] };
    const question = { outcome: 'challenged', prompts: ['The second step of mfa: '] };
    const heard = (client: SimulatedClient) => client.outcomes.slice(1);
    expect(heard(byPassword)).toMatchObject([
      { outcome: 'partial', methods: behindPassword },
      question,
      { outcome: 'denied', methods: behindPassword },
      question,
      { outcome: 'granted' },
    ]);
    expect(heard(byKey)).toMatchObject([
      either,
      { outcome: 'partial', methods: behindKey },
      { outcome: 'denied', methods: behindKey },
      question,
      { outcome: 'granted' },
    ]);
    expect(heard(demoToo)).toMatchObject([either, { outcome: 'granted' }]);
  });

  it('names the same methods to whoever is refused: a user, nobody, and who may try no more for now', async () => {
    await using simulation = await simulate(application({ ...settings, maxLoginsPerMinute: 3 }, identity));
    const refusals = (user: string) =>
      simulation.client('192.0.2.7', 'cnwkqw', {
        n: authRequest.none(user),
        w: authRequest.password(user, 'guess'),
        k: authRequest.offeredKey(user, KEY),
        q: authRequest.keyboardInteractive(user),
      });
    let limited = 0;
    simulation.server.events.Decided.subscribe((it) => {
      if (it.outcome === 'denied' && it.reason === DenyReason.RateLimited) limited += 1;
    });
    const clients = ['demo', 'mfa', 'nobody'].map(refusals);
    await simulation.run('10s');

    const heard = clients.flatMap((client) => client.outcomes.slice(1));
    expect(heard).toHaveLength(15);
    const denied = { outcome: 'denied', methods: ['publickey', 'password'] };
    expect(heard).toMatchObject(heard.map(() => denied));
    // Some of them were turned away by the limit.
    expect(limited).toBeGreaterThan(0);
  });

  it('has no user of two steps while the demo passwords are off', async () => {
    const off = readSettings({ DEMO_PASSWORDS: '0' });
    await using simulation = await simulate(application(off, identity));
    const steps = { p: authRequest.password('mfa', 'mfa'), i: authRequest.keyboardInteractive('mfa') };
    const client = simulation.client('192.0.2.7', 'cpi', steps);
    await simulation.run('10s');

    const denied = { outcome: 'denied', methods: ['publickey'] };
    expect(client.outcomes.slice(1)).toMatchObject([denied, denied]);
  });

  it('opens 64 channels on a connection, refuses the next one, and opens one more when one is closed', async () => {
    expect(settings.maxChannels).toBe(64);
    await using simulation = await reference();
    const user = simulation.client('192.0.2.7', `(cd${'s'.repeat(settings.maxChannels)})`, { d: demo });
    await simulation.run();
    expect(told(user.outcomes).slice(2)).toEqual(times(64).map(() => 'opened'));

    expect(await learns(simulation, user, channelOpen.session())).toEqual(['unopened']);
    expect(user.outcomes.at(-1)).toMatchObject({ reason: 'RESOURCE_SHORTAGE' });
    await learns(simulation, user, act.onChannel(1, act.close()));
    expect(await learns(simulation, user, channelOpen.session())).toEqual(['opened']);
  });

  it('waits 60 s for somebody to sign in, and not a millisecond longer', async () => {
    expect(settings.loginGraceMs).toBe(60_000);
    await using simulation = await reference();
    const slow = simulation.client('192.0.2.7', 'c 59998ms d', { d: demo });
    const silent = simulation.client('192.0.2.8', 'c');
    const late = simulation.client('192.0.2.9', 'c 60s d', { d: demo });
    simulation.expectClient(slow).toBe('c 59998ms g');
    simulation.expectClient(silent).toBe('c 59999ms x', { x: 'disconnected: the login took too long' });
    simulation.expectClient(late).toBe('c 59999ms xu', { x: 'disconnected: the login took too long' });
    await simulation.run('2m');
  });

  it('lets programs finish for 10 s when it is shut down, then ends what is left', async () => {
    expect(settings.drainMs).toBe(10_000);
    await using simulation = await reference();
    const steps = { d: demo, n: channelRequest.exec('sleep 9.9'), l: channelRequest.exec('sleep 60') };
    const quick = simulation.client('192.0.2.7', '(cdsn)', steps);
    const long = simulation.client('192.0.2.8', '(cdsl)', steps);
    const idle = simulation.client('192.0.2.9', '(cd)', steps);
    await simulation.run();
    const begun = simulation.elapsedMs;
    const stopped = simulation.server.shutdown({ graceMs: settings.drainMs });
    const late = simulation.client('192.0.2.10', '-c');
    await simulation.run('30s');
    await stopped;

    const endOf = (client: SimulatedClient): readonly [string | undefined, number] => {
      const last = client.outcomes.at(-1);
      return [last?.outcome === 'disconnected' ? last.description : last?.outcome, (last?.atMs ?? 0) - begun];
    };
    expect(quick.outcomes).toContainEqual(expect.objectContaining({ outcome: 'exited', exit: 0 }));
    expect(endOf(quick)).toEqual(['the server is shutting down', 9900 - begun]);
    expect(long.outcomes).not.toContainEqual(expect.objectContaining({ outcome: 'exited', exit: 0 }));
    expect(endOf(long)).toEqual(['the server is shutting down', 10_000]);
    expect(endOf(idle)).toEqual(['the server is shutting down', 0]);
    expect(endOf(late)).toEqual(['refused', 1]);
  });
});
