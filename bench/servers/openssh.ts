import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { freePort } from './free-port.js';
import { launch } from './launch.js';
import { shellCommand, type ServerUnderTest, type Surroundings } from './server-under-test.js';

// sshd starts itself again for every connection and therefore insists on an absolute path.
const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd'].find(existsSync);
/** Where Debian's sshd locks its unprivileged half in; another build that misses its own folder says so and ends. */
const PRIVILEGE_SEPARATION = '/run/sshd';

/** OpenSSH's `sshd` with a configuration of its own; it signs in the account that runs the benchmark. */
export const openssh: ServerUnderTest = {
  id: 'sshd',
  name: 'OpenSSH sshd',
  role: 'peer',
  forks: true,
  hasCipher: () => true,
  concurrentSetups: Infinity,
  concurrentChannels: 200,
  unavailable: () => (SSHD === undefined ? 'sshd is not installed' : undefined),
  version: () => {
    const { stderr, stdout } = spawnSync(SSHD ?? 'sshd', ['-V'], { encoding: 'utf8' });
    return /OpenSSH_[^\s,]+(?: [^\s,]+)?/.exec(stderr + stdout)?.[0] ?? 'OpenSSH, version unknown';
  },
  commandFor: shellCommand,
  start: async (surroundings) => {
    const port = await freePort();
    const config = surroundings.workspace.path(`sshd-${String(port)}.conf`);
    writeFileSync(config, configuration(surroundings, port));
    preparePrivilegeSeparation(surroundings);
    return launch(surroundings, {
      label: 'sshd',
      username: userInfo().username,
      command: [SSHD ?? 'sshd', '-D', '-e', '-f', config],
      port,
    });
  },
};

function configuration({ workspace }: Surroundings, port: number): string {
  return [
    `Port ${String(port)}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${workspace.hostKey}`,
    `AuthorizedKeysFile ${workspace.authorizedKeys}`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'MaxStartups 200',
    'MaxSessions 200',
    'PrintMotd no',
    'PrintLastLog no',
    'LogLevel ERROR',
    // Debian's bash reads ~/.bashrc in every ssh command, unless it believes itself a nested shell.
    'SetEnv SHLVL=2',
    '',
  ].join('\n');
}

function preparePrivilegeSeparation({ workspace }: Surroundings): void {
  if (userInfo().uid !== 0 || existsSync(PRIVILEGE_SEPARATION)) return;
  mkdirSync(PRIVILEGE_SEPARATION, { mode: 0o755 });
  workspace.atExit(() => {
    rmdirSync(PRIVILEGE_SEPARATION);
  });
}
