import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clientFixture } from '../support/client-fixture.js';
import { ClientSite } from '../support/client-site.js';
import { OpenSshClient } from '../support/openssh-client.js';
import { requires } from '../support/requires.js';
import { runProgram } from '../support/running-program.js';

const programs = requires(['ssh', 'ssh-keygen', 'expect']);

describe.skipIf(programs.missing.length > 0)(programs.title('OpenSSH, terminals'), () => {
  let site: ClientSite;
  let ssh: OpenSshClient;

  beforeAll(async () => {
    site = await ClientSite.open({ keygen: programs.path('ssh-keygen') });
    const { server, keys, environment: env } = site;
    ssh = new OpenSshClient({ program: programs.path('ssh'), server, key: keys.ed25519, env });
  });

  afterAll(() => site.close());

  /** Runs a script with a terminal of its own, in which it runs ssh. */
  const play = (script: string, command: string | undefined, flags: readonly string[] = []) =>
    runProgram(
      programs.path('expect'),
      [clientFixture(script), programs.path('ssh'), ...ssh.arguments(command, { flags, settings: ['BatchMode=yes'] })],
      { env: site.environment },
    );

  it('ssh tells type, size and modes of its terminal, and each new size', async () => {
    const { status, stdout } = await play('terminal-size.exp', 'tty', ['-tt']);

    expect(status, stdout.toString()).toBe(0);
    expect(stdout.toString()).toMatch(/^xterm\r\n101x33\r\n/u);
    expect(stdout.toString()).toMatch(/\r\n132x40\r\n(?:.*\r\n)*77x20\r\n/u);
  });

  it('ssh has a shell at its terminal, with echo, the erase key and Ctrl-C', async () => {
    const { status, stdout } = await play('terminal-shell.exp', undefined);

    expect(status, stdout.toString()).toBe(5);
  });

  it('ssh -tt gets a terminal without having one, and lines that end as terminals want them', async () => {
    const { status, stdout } = await ssh.run('whoami', { flags: ['-tt'] });

    expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: 'demo\r\n' });
  });

  it('ssh -T gets no terminal', async () => {
    const { status, stderr } = await ssh.run('tty', { flags: ['-T'] });

    expect({ status, stderr }).toEqual({ status: 1, stderr: 'not a tty\n' });
  });
});
