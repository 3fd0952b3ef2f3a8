import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';

import {
  createServer,
  type CreateServerOptions,
  decide,
  decideEach,
  exec,
  grantCertificate,
  grantPublicKey,
  parseHostKey,
  revokedKeys,
  serveWith,
  type Session,
  type SSHChannelOpenRequest,
} from 'rxsshd';

import { OpenSshDaemon } from '../../support/openssh-daemon.js';
import type { ServerAddress } from '../../support/reference-server.js';
import type { KeyRoom } from './key-room.js';
import type { ServerSide } from './table-row.js';

/** A server while a row is tried on it. */
export interface TriedServer extends ServerAddress, AsyncDisposable {
  /** What it says of itself, for the message of a failed row. */
  readonly log: string;
}

/** OpenSSH's server. */
export async function startSshd(sshd: string, room: KeyRoom, side: ServerSide): Promise<TriedServer> {
  const { keys, authorities, principals, revoked } = side;
  const file = async (setting: string, content: string | Uint8Array | undefined, name: string): Promise<string> =>
    `${setting} ${content === undefined ? 'none' : await room.write(name, content)}`;
  const config = [
    `HostKey ${path.join(room.folder, 'host')}`,
    'PidFile none',
    'UsePAM no',
    // The keys are in a folder for temporary files.
    'StrictModes no',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitUserEnvironment yes',
    // The shortest that this package takes.
    'RequiredRSASize 2048',
    'MaxAuthTries 20',
    'UseDNS no',
    'PrintMotd no',
    'PrintLastLog no',
    'LogLevel VERBOSE',
    await file('AuthorizedKeysFile', keys, 'authorized_keys'),
    await file('TrustedUserCAKeys', authorities, 'authorities'),
    await file('AuthorizedPrincipalsFile', principals?.map((name) => `${name}\n`).join(''), 'principals'),
    await file('RevokedKeys', revoked, 'revoked'),
    '',
  ];
  return OpenSshDaemon.start(sshd, await room.write('sshd_config', config.join('\n')));
}

/** This package's server, on the same terms, with services that do what a login shell and a kernel do for sshd. */
export async function startOurs(room: KeyRoom, side: ServerSide): Promise<TriedServer> {
  const log: string[] = [];
  const server = await createServer({
    hostKeys: [parseHostKey(await readFile(path.join(room.folder, 'host')))],
    handlers: [...(await policies(room, side)), exec('*', runCommand), decide('SSHChannelOpenRequest', forward)],
  });
  server.events.Decided.subscribe((event) => log.push(`${event.outcome} by ${event.by}`));
  server.events.Error.subscribe(({ error }) => log.push(String(error)));
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    host: '127.0.0.1',
    port: typeof address === 'string' ? 0 : address.port,
    get log() {
      return log.join('\n');
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function policies(
  room: KeyRoom,
  { keys, authorities, principals, revoked }: ServerSide,
): Promise<NonNullable<CreateServerOptions['handlers']>> {
  const list = revoked === undefined ? undefined : await room.write('revoked', '# nothing yet\n');
  const chosen = [
    ...(list === undefined
      ? []
      : [decide('SSHUserAuthRequest', revokedKeys({ file: list }), { phase: 'limit' as const })]),
    ...(authorities === undefined
      ? []
      : [
          decide(
            'SSHUserAuthRequest',
            grantCertificate({ authorities, ...(principals === undefined ? {} : { principalsOf: () => principals }) }),
          ),
        ]),
    ...(keys === undefined ? [] : [decide('SSHUserAuthRequest', grantPublicKey(keys, { onProblem: () => undefined }))]),
  ];
  // Read when a key is shown, as sshd does: a list that cannot be read is found then.
  if (list !== undefined) await writeFile(list, revoked ?? '');
  return chosen;
}

/** What a login shell does with a command. */
async function runCommand(session: Session): Promise<number> {
  const child = spawn('/bin/sh', ['-c', session.command ?? ''], {
    env: { PATH: '/usr/bin:/bin', ...Object.fromEntries(session.environment) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const block of child.stdout) await session.write(block as Buffer);
  return 0;
}

/** What sshd does with `direct-tcpip`. */
const forward = decideEach<SSHChannelOpenRequest>('forward', (verdict) => {
  const { detail } = verdict.request;
  if (detail.type !== 'direct-tcpip') return verdict;
  return serveWith(verdict, 'forward', (channel) => {
    const socket = connect(detail.portToConnect, detail.hostToConnect);
    socket.once('error', () => {
      channel.close();
    });
    socket.pipe(channel.stream).once('finish', () => {
      channel.close();
    });
  });
});
