import { settledNs } from '../accounting/settled.js';
import { runOpenssh, type ClientResult, type ClientRun } from '../clients/openssh-client.js';
import { median } from '../report/statistics.js';
import type { Bench } from './bench.js';
import type { Contestant } from './contestants.js';

/** Time of one run of the OpenSSH client, and the server CPU that it took. */
export interface TransferCost {
  readonly seconds: number;
  readonly cpuNs: number;
}

/**
 * Time and server CPU of a connection that transfers nothing: the median of five; the first, which meets a cold server, is left out.
 *
 * @param manner - how the client connects: as for what these are subtracted from
 */
export async function connectCost(
  bench: Bench,
  contestant: Contestant,
  manner: Pick<ClientRun, 'compressed' | 'suite'> = {},
): Promise<TransferCost> {
  const runs: TransferCost[] = [];
  for (let run = 0; run < 6; run++) {
    const command = contestant.server.commandFor({ word: 'true' });
    runs.push(await transfer(bench, contestant, { ...manner, command }));
  }
  const warm = runs.slice(1);
  return { seconds: median(warm.map(({ seconds }) => seconds)), cpuNs: median(warm.map(({ cpuNs }) => cpuNs)) };
}

/** Runs the client once. @throws Error if it fails */
export async function transfer(bench: Bench, { running }: Contestant, run: ClientRun): Promise<TransferCost> {
  const before = await settledNs(running.cpu);
  const result = await runOpenssh(bench.surroundings, running, run);
  expectSuccess(result);
  return { seconds: result.seconds, cpuNs: (await settledNs(running.cpu)) - before };
}

/** Runs the client once. @throws Error if either direction is not compressed */
export async function expectCompression(
  { surroundings }: Bench,
  { server, running }: Contestant,
  manner: Pick<ClientRun, 'compressed' | 'suite'>,
): Promise<void> {
  const command = server.commandFor({ word: 'true' });
  const result = await runOpenssh(surroundings, running, { ...manner, command, verbose: true });
  expectSuccess(result);
  for (const direction of ['server->client', 'client->server']) {
    const line = result.stderr.split('\n').find((it) => it.includes(`kex: ${direction} `));
    if (line?.includes('compression: zlib@openssh.com') !== true) {
      throw new Error(`no compression was negotiated: ${line ?? `nothing is said of ${direction}`}`);
    }
  }
}

function expectSuccess({ status, stderr }: ClientResult): void {
  if (status !== 0) throw new Error(`ssh ended with status ${String(status)}: ${stderr}`);
}
