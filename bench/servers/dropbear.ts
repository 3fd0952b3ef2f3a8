import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { launch } from './launch.js';
import { shellCommand, type ServerUnderTest, type Surroundings } from './server-under-test.js';

const DROPBEAR = ['/usr/sbin/dropbear', '/usr/local/sbin/dropbear'].find(existsSync);
const CIPHERS = new Set(['chacha20-poly1305@openssh.com', 'aes128-ctr']);

/**
 * Dropbear. It looks for authorized keys in the home folder of the account and nowhere else, so it runs in a mount
 * namespace of its own in which that folder is a temporary one: the account's real files are not touched.
 */
export const dropbear: ServerUnderTest = {
  id: 'dropbear',
  name: 'dropbear',
  role: 'peer',
  forks: true,
  hasCipher: (cipher) => CIPHERS.has(cipher),
  // MAX_UNAUTH_PER_IP is compiled in as 5; what comes above is hung up on.
  concurrentSetups: 4,
  // It ends the connection when many exec channels come at once (seen with 50).
  concurrentChannels: 10,
  bulkShare: 0.25,
  unavailable: () => {
    if (DROPBEAR === undefined) return 'dropbear is not installed';
    if (spawnSync('dropbearconvert', [], { stdio: 'ignore' }).error) return 'dropbearconvert is not installed';
    if (userInfo().uid !== 0 || spawnSync('unshare', ['--mount', 'true']).status !== 0) {
      return 'a mount namespace of its own needs root';
    }
    return undefined;
  },
  version: () => {
    const { stderr, stdout } = spawnSync(DROPBEAR ?? 'dropbear', ['-V'], { encoding: 'utf8' });
    return (stderr + stdout).split('\n', 1)[0] ?? 'dropbear, version unknown';
  },
  commandFor: shellCommand,
  start: async (surroundings) => {
    const port = await freePort();
    const home = prepareHome(surroundings, port);
    const hostKey = surroundings.workspace.path(`dropbear-${String(port)}.key`);
    execFileSync('dropbearconvert', ['openssh', 'dropbear', surroundings.workspace.hostKey, hostKey], {
      stdio: 'ignore',
    });
    const { username, homedir } = userInfo();
    const inNamespace = 'mount --bind "$0" "$1" && shift && exec "$@"';
    const listen = `127.0.0.1:${String(port)}`;
    return launch(surroundings, {
      label: 'dropbear',
      username,
      command: [
        ...(['unshare', '--mount', 'sh', '-c', inNamespace, home, homedir] as const),
        ...[DROPBEAR ?? 'dropbear', '-F', '-E', '-s', '-m', '-r', hostKey, '-p', listen],
        ...['-P', surroundings.workspace.path(`dropbear-${String(port)}.pid`)],
      ],
      port,
    });
  },
};

function prepareHome({ workspace }: Surroundings, port: number): string {
  const home = workspace.path(`dropbear-home-${String(port)}`);
  mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  copyFileSync(workspace.authorizedKeys, join(home, '.ssh', 'authorized_keys'));
  return home;
}
