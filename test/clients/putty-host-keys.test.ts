import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import {
  type ApplicationServer,
  createServer,
  decide,
  exec,
  generateHostKey,
  grantPassword,
  type Service,
} from 'rxsshd';
import { filter, firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { requires } from '../support/requires.js';
import { runProgram } from '../support/running-program.js';

const putty = requires(['plink']);

let server: ApplicationServer;
let home: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'rxsshd-plink-'));
});

afterEach(async () => {
  await server.shutdown();
  await rm(home, { recursive: true, force: true });
});

it.skipIf(putty.missing.length > 0)(
  putty.title('plink stays when the keys are exchanged again after the host key was replaced'),
  async () => {
    const [old, next] = await Promise.all([generateHostKey('ssh-ed25519'), generateHostKey('ssh-ed25519')]);
    const replace: Service = async function* ({ connection }) {
      yield 'before\n';
      server.replaceHostKeys([next.hostKey]);
      const renewed = firstValueFrom(
        server.events.SSHStatus.pipe(filter(({ step }) => step?.kind === 'keys-exchanged' && step.ordinal === 2)),
      );
      server.connection(connection.id)?.exchangeKeys();
      await renewed;
      yield 'after\n';
    };
    server = await createServer({
      hostKeys: [old.hostKey],
      algorithms: 'compatible',
      handlers: [
        decide(
          'SSHUserAuthRequest',
          grantPassword((_user, password) => password === 'demo'),
        ),
        exec('replace', replace),
      ],
    });
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    const port = typeof address === 'string' ? 0 : address.port;
    const { fingerprint } = old.hostKey;
    const args = ['-batch', '-ssh', '-P', String(port), '-l', 'demo', '-pw', 'demo', '-hostkey', fingerprint];
    const { status, stdout, stderr } = await runProgram(putty.path('plink'), [...args, '127.0.0.1', 'replace'], {
      env: { HOME: home, LANG: 'C.UTF-8', TERM: 'xterm' },
    });

    expect({ status, stdout: stdout.toString(), stderr }).toEqual({ status: 0, stdout: 'before\nafter\n', stderr: '' });
  },
);
