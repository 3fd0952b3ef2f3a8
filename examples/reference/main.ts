import { isIPv6 } from 'node:net';

import {
  type ApplicationServer,
  createServer,
  type EventStreams,
  record,
  type Recording,
  SshServerError,
} from 'rxsshd';

import { logEvents, logFailures } from './event-log.js';
import { loadHostKeys } from './host-keys.js';
import { logLines } from './log-lines.js';
import { serverOptions } from './server-options.js';
import { SettingError } from './setting-error.js';
import { readSettings } from './settings.js';

async function start(): Promise<void> {
  const settings = readSettings(process.env);
  const server = await createServer(await serverOptions(settings));
  const recording = settings.record === undefined ? undefined : startRecording(server.events, settings.record);
  if (settings.log) logEvents(server.events, console.error);
  else {
    logFailures(server.events, console.error);
    logLines(server.events, console.error);
  }

  const address = await server.listen({ host: settings.host, port: settings.port });

  process.on('SIGHUP', () => {
    void reloadHostKeys(server, settings.stateDir);
  });
  // npm passes on a Ctrl-C that the terminal has sent as well, so the second signal must not cut the first one short.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // The last events are those of the shutdown.
      void server.shutdown({ graceMs: settings.drainMs }).then(() => recording?.close());
    });
  }
  const host = isIPv6(settings.host) ? `[${settings.host}]` : settings.host;
  const port = typeof address === 'string' ? settings.port : address.port;
  console.log(`listening on ssh://${host}:${String(port)}`);
}

/** Puts the host keys in force that are in `folder` now. Those of before stay if one of them cannot be used. */
async function reloadHostKeys(server: ApplicationServer, folder: string): Promise<void> {
  try {
    const hostKeys = await loadHostKeys(folder);
    server.replaceHostKeys(hostKeys);
    console.error(`host keys in force: ${hostKeys.map((key) => key.fingerprint).join(', ')}`);
  } catch (error) {
    console.error(`the host keys stay as they were: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const startRecording = (events: EventStreams, path: string): Recording =>
  record(events.all, {
    path,
    onError: (error) => {
      console.error(error.message);
    },
  });

try {
  await start();
} catch (error) {
  // Anything else is a mistake in this program: let it show its stack.
  if (!(error instanceof SettingError || SshServerError.is(error))) throw error;
  console.error(`cannot start: ${error.message}`);
  process.exitCode = 1;
}
