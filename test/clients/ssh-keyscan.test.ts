import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { KeyKind } from '../support/client-keys.js';
import { ClientSite } from '../support/client-site.js';
import { requires } from '../support/requires.js';
import { runProgram } from '../support/running-program.js';

const programs = requires(['ssh-keyscan', 'ssh-keygen']);
const OTHERS: readonly KeyKind[] = ['ecdsa256', 'ecdsa384', 'ecdsa521', 'rsa'];

describe.skipIf(programs.missing.length > 0)(programs.title('ssh-keyscan'), () => {
  let site: ClientSite;

  beforeAll(async () => {
    site = await ClientSite.open({
      keygen: programs.path('ssh-keygen'),
      hostKeys: OTHERS,
      settings: { ALGORITHMS: 'compatible' },
    });
  });

  afterAll(() => site.close());

  async function scan(types: string): Promise<readonly string[]> {
    const { host, port } = site.server;
    const args = ['-T', '30', '-t', types, '-p', String(port), host];
    const { stdout } = await runProgram(programs.path('ssh-keyscan'), args);
    // Lines are "[host]:port type key".
    const keys = stdout
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('['));
    return keys.map((line) => line.split(' ').slice(1).join(' '));
  }

  it('ssh-keyscan lists the very keys that the server has on disk, one of each type', async () => {
    const files = ['ed25519', 'ecdsa256', 'rsa'].map((kind) => site.path(`state/ssh_host_${kind}_key`));
    const onDisk = await Promise.all(files.map((file) => publicKeyOf(file)));

    // It asks for ECDSA as one type, and is shown the first that both know.
    expect((await scan('ed25519,ecdsa,rsa')).toSorted()).toEqual(onDisk.toSorted());
  });

  it('ssh-keyscan finds no DSA key', async () => {
    expect(await scan('dsa')).toEqual([]);
  });

  async function publicKeyOf(file: string): Promise<string> {
    const { stdout } = await runProgram(programs.path('ssh-keygen'), ['-y', '-f', file]);
    const [type = '', key = ''] = stdout.toString().trim().split(' ');
    return `${type} ${key}`;
  }
});
