import type { HandlerClass } from 'rxsshd';

import { guardedServer } from './guarded-server.js';
import { readSettings } from './settings.js';

/** Runs the server with the policies of `guard` until SIGTERM or SIGINT. */
export async function run(guard: HandlerClass): Promise<void> {
  const settings = await readSettings(process.env);
  const server = await guardedServer(guard, settings);
  const address = await server.listen({ host: settings.host, port: settings.port });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      void server.shutdown({ graceMs: 10_000 });
    });
  }
  const port = typeof address === 'string' ? settings.port : address.port;
  console.log(`listening on ssh://${settings.host}:${String(port)}`);
}
