import type { Client } from 'ssh2';
import { messageOf } from '../message-of.js';
import type { LoadJob, LoadReply, LoadRequest, LoadResult } from './load-job.js';
import { closeClient, connectClient, execToEnd, openExec, type Identity } from './ssh-client.js';
import { summarize } from './summarize.js';

/** A prepared job: what is measured, and what ends it. */
interface Prepared {
  readonly run: () => Promise<LoadResult>;
  readonly finish: () => Promise<void>;
}

let current: Prepared | undefined;

process.on('message', (message) => {
  // The other end of the channel is load-generator.ts, which sends nothing else.
  void answer(message as LoadRequest).then((reply) => process.send?.(reply));
});
process.on('disconnect', () => process.exit(0));

async function answer(request: LoadRequest): Promise<LoadReply> {
  try {
    switch (request.step) {
      case 'prepare':
        current = await prepare(request.job);
        return { result: undefined };
      case 'run':
        return { result: await current?.run() };
      case 'finish':
        await current?.finish();
        current = undefined;
        return { result: undefined };
    }
  } catch (error) {
    return { error: `${request.step}: ${messageOf(error)}` };
  }
}

async function prepare(job: LoadJob): Promise<Prepared> {
  const identity: Identity = job.target;
  const nothing = (): Promise<void> => Promise.resolve();
  switch (job.kind) {
    case 'handshake':
      return {
        run: () =>
          summarize(job.connections, job.concurrency, async () => {
            const client = await connectClient(identity);
            await execToEnd(client, job.command);
            await closeClient(client);
          }),
        finish: nothing,
      };
    case 'echo': {
      const client = await connectClient(identity);
      const channel = await openExec(client, job.command);
      const byte = Buffer.from('x');
      const roundTrip = (): Promise<void> =>
        new Promise((resolve, reject) => {
          const ended = (): void => {
            reject(new Error('the echo channel ended'));
          };
          channel.once('close', ended);
          channel.once('data', () => {
            channel.off('close', ended);
            resolve();
          });
          channel.write(byte);
        });
      await summarize(200, 1, roundTrip);
      return { run: () => summarize(job.roundTrips, 1, roundTrip), finish: () => closeClient(client) };
    }
    case 'channels': {
      const client = await connectClient(identity);
      const channel = (): Promise<void> => execToEnd(client, job.command);
      await summarize(job.concurrency * 2, job.concurrency, channel);
      return {
        run: () => summarize(job.channels, job.concurrency, channel),
        finish: () => closeClient(client),
      };
    }
    case 'hold': {
      const held: Client[] = [];
      return {
        run: () =>
          summarize(job.connections, job.concurrency, async () => {
            const client = await connectClient(identity);
            held.push(client);
            await openExec(client, job.command);
          }),
        finish: async () => {
          await Promise.all(held.map(closeClient));
        },
      };
    }
  }
}
