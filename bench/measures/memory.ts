import { setTimeout as sleep } from 'node:timers/promises';
import { residentMemory } from '../accounting/resident-memory.js';
import type { LoadJob } from '../clients/load-job.js';
import type { RunningServer, ServerUnderTest } from '../servers/server-under-test.js';
import { countFor, loadTarget, type Bench, type Measure } from './bench.js';
import { interleave, type Case, type Sample } from './interleave.js';

const KIB = 2 ** 10;
const MIB = 2 ** 20;

interface Entrant {
  readonly server: ServerUnderTest;
}

/** Memory of idle, authenticated connections. Every run starts its server afresh. */
export const memory: Measure = async (bench) => {
  const { heldConnections, memoryRounds } = bench.options;
  const one: Case<Entrant> = {
    name: 'idle connections',
    remark: (server) => `${String(countFor(server, heldConnections))} connections, ${server.forks ? 'PSS' : 'RSS'}`,
    sample: async ({ server }) => {
      const running = await server.start(bench.surroundings);
      try {
        return await hold(bench, server, running);
      } finally {
        await running.stop();
      }
    },
  };
  const entrants = bench.servers.map((server) => ({ server }));
  return {
    title: 'Memory',
    note:
      'A fresh server; the base is read after 200 connections that came and went (50 where the server forks). Then connections are opened, each with ' +
      'one session channel on which `cat` runs and waits (the public interface of the client cannot open a channel and ' +
      'request nothing), for every server alike; a forking server therefore counts its `cat` processes too. Nothing is ' +
      'sent while memory is read. Node servers collect garbage on a signal before each reading. RSS for the Node ' +
      'servers, the sum of PSS over all processes for those that fork.',
    caseHeading: 'held',
    metrics: [
      { id: 'perConnection', label: 'KiB/connection', target: { atMost: 1.1 } },
      { id: 'base', label: 'base MiB' },
      { id: 'after', label: 'MiB after all closed' },
    ],
    rows: await interleave(bench, 'memory', memoryRounds, entrants, [one]),
  };
};

async function hold(bench: Bench, server: ServerUnderTest, running: RunningServer): Promise<Sample> {
  const connections = countFor(server, bench.options.heldConnections);
  const concurrency = Math.min(16, server.concurrentSetups);
  const target = loadTarget(bench, running);
  const warmUp = { kind: 'handshake', target, command: server.commandFor({ word: 'true' }) } as const;
  await bench.load.perform({ ...warmUp, connections: countFor(server, 200), concurrency }, (run) => run());
  const base = await settledMemory(server, running);
  const job: LoadJob = { kind: 'hold', target, command: server.commandFor({ word: 'cat' }), connections, concurrency };
  const held = await bench.load.perform(job, async (run) => {
    await run();
    return settledMemory(server, running);
  });
  const after = await settledMemory(server, running);
  return { perConnection: (held - base) / KIB / connections, base: base / MIB, after: after / MIB };
}

/** Collects garbage, and reads until two readings 250 ms apart differ by less than 1 %; the last after 5 s at most. */
async function settledMemory(server: ServerUnderTest, running: RunningServer): Promise<number> {
  let before = Infinity;
  for (let attempt = 0; attempt < 20; attempt++) {
    await running.collectGarbage?.();
    const { bytes } = residentMemory(running.cpu.pids(), server.forks);
    if (Math.abs(bytes - before) < bytes / 100) return bytes;
    before = bytes;
    await sleep(250);
  }
  return before;
}
