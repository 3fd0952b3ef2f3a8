import { createServer, type CreateServerOptions, loadOrCreateHostKey, record } from 'rxsshd';

import { house } from './house.js';

/** The server of the house, which keeps what happens for a replay: ten files of 64 MiB at most, without secrets. */
export async function recordedServer(folder: string) {
  const hostKeys = [await loadOrCreateHostKey(`${folder}/ssh_host_ed25519_key`)];
  const options: CreateServerOptions = { hostKeys, handlers: house };
  const server = await createServer(options);
  const recording = record(server.events.all, { path: `${folder}/traffic.jsonl` });
  return { server, recording };
}
