import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { OpenSshClient } from '../support/openssh-client.js';
import { requires } from '../support/requires.js';
import { KeyRoom } from './sshd-agreement/key-room.js';
import { startOurs, startSshd, type TriedServer } from './sshd-agreement/servers.js';
import { STRICTER, TABLE } from './sshd-agreement/table.js';
import type { Outcome, TableRow, TableSetting, TableSite } from './sshd-agreement/table-row.js';

const programs = requires(['ssh', 'ssh-keygen', 'sshd']);
const { username } = userInfo();

describe.skipIf(programs.missing.length > 0)(programs.title('what sshd accepts and refuses'), () => {
  let site: TableSite;
  let greeter: Server;

  beforeAll(async () => {
    greeter = createServer((socket) => socket.end('greeting\n'));
    await new Promise<void>((resolve) => greeter.listen(0, '127.0.0.1', resolve));
    site = {
      room: await KeyRoom.open(programs.path('ssh-keygen')),
      user: username,
      // It listens on TCP, so its address is one of that.
      greeter: (greeter.address() as AddressInfo).port,
    };
  });
  afterAll(async () => {
    greeter.close();
    await site.room.close();
  });

  /** Tries a setting on a server. */
  async function tryOn(server: TriedServer, setting: TableSetting): Promise<Outcome> {
    const { client, wish = 'command', settings = [] } = setting;
    const ssh = new OpenSshClient({
      program: programs.path('ssh'),
      server,
      key: client.key,
      env: { HOME: site.room.folder, LANG: 'C.UTF-8', TERM: 'xterm' },
    });
    const flags = { command: [], terminal: ['-tt'], forward: ['-W', `127.0.0.1:${String(site.greeter)}`] }[wish];
    const { stdout, stderr } = await ssh.run(wish === 'forward' ? undefined : 'echo asked', {
      flags: ['-l', site.user, ...flags],
      settings: [...settings, ...(client.certificate === undefined ? [] : [`CertificateFile=${client.certificate}`])],
    });
    const said = stdout.toString().trim();
    if (said !== '') return said;
    if (stderr.includes('PTY allocation request failed')) return 'no terminal';
    if (stderr.includes('Permission denied')) return 'refused';
    if (stderr.includes('forwarding failed')) return 'not forwarded';
    // Nothing of the above: the test is to show it, together with what the server has to say.
    return `${stderr}\n${server.log}`;
  }

  /** Tries a row on both servers at the same time. */
  async function tryRow(row: TableRow): Promise<{ readonly sshd: Outcome; readonly ours: Outcome }> {
    const setting = await row.make(site);
    await using sshd = await startSshd(programs.path('sshd'), site.room, setting.server);
    await using ours = await startOurs(site.room, setting.server);
    const [theirs, own] = await Promise.all([tryOn(sshd, setting), tryOn(ours, setting)]);
    return { sshd: theirs, ours: own };
  }

  it('is tried on at least forty cases, each once', () => {
    const names = TABLE.map(({ name }) => name);
    expect(names.length).toBeGreaterThanOrEqual(40);
    expect(new Set(names).size).toBe(names.length);
  });

  describe('is what this server accepts and refuses', () => {
    for (const row of TABLE) {
      it.concurrent(`${row.name}: ${row.outcome}`, async ({ expect: verify }) => {
        verify(await tryRow(row)).toEqual({ sshd: row.outcome, ours: row.outcome });
      });
    }
  });

  describe('is refused by this server where', () => {
    for (const row of STRICTER) {
      it.concurrent(`${row.why}: ${row.name}`, async ({ expect: verify }) => {
        verify(await tryRow(row)).toEqual({ sshd: row.outcome, ours: 'refused' });
      });
    }
  });
});
