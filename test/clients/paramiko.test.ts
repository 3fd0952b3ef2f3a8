import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clientFixture } from '../support/client-fixture.js';
import { ClientSite } from '../support/client-site.js';
import { PythonClient } from '../support/python-client.js';
import { STEADY_MEMORY } from '../support/reference-server.js';
import { requires } from '../support/requires.js';

const programs = requires(['ssh-keygen'], { pythonModules: ['paramiko'] });
const MIB = 1024 * 1024;

describe.skipIf(programs.missing.length > 0)(programs.title('Paramiko'), () => {
  let site: ClientSite;
  let paramiko: PythonClient;

  beforeAll(async () => {
    site = await ClientSite.open({
      keygen: programs.path('ssh-keygen'),
      nodeFlags: STEADY_MEMORY,
      settings: { REKEY_BYTES: String(MIB) },
    });
    paramiko = new PythonClient({
      python: programs.path('python3'),
      script: clientFixture('paramiko_client.py'),
      server: site.server,
      key: site.keys.ed25519,
      env: site.environment,
    });
  });

  afterAll(() => site.close());

  it.each(['key', 'password'])('Paramiko signs in with a %s', async (method) => {
    expect(await paramiko.run(method)).toEqual({ stdout: 'demo\n', stderr: '', status: 0 });
  });

  it('Paramiko is refused with a wrong password and with a key that nobody authorised', async () => {
    const refusal = 'AuthenticationException';
    expect(await paramiko.run('refused')).toEqual({ password: refusal, key: refusal });
  });

  it('Paramiko gets each exit status, the largest of 32 bits too', async () => {
    expect(await paramiko.run('status')).toEqual([0, 7, 255, 4_294_967_295]);
  });

  it('Paramiko closes thirty open channels in random order, half of them without waiting for the end', async () => {
    expect(await paramiko.run('channels')).toEqual({
      echoes: Array.from({ length: 30 }, (_, number) => String(number)),
      statuses: Array.from({ length: 15 }, () => 0),
      after: 'demo\n',
    });
  });

  it('Paramiko gets 24 MiB back through cat as it sent them', async () => {
    const size = 24 * MIB;
    expect(await paramiko.run('big-echo')).toEqual({ sent: size, received: size, same: true, status: 0 });
  });

  it('Paramiko renews its keys every 200 packets while data goes both ways', async () => {
    const result = await paramiko.run('rekey');

    expect(result).toMatchObject({ same: true, status: 0 });
    expect(result).toHaveProperty(
      'exchanges',
      expect.toSatisfy((count: number) => count >= 8),
    );
  });

  it('Paramiko goes along when the server renews the keys each MiB while 16 MiB go each way', async () => {
    const result = await paramiko.run('renewed');

    expect(result).toMatchObject({ same: true, status: 0 });
    expect(result).toHaveProperty(
      'exchanges',
      expect.toSatisfy((count: number) => count >= 8),
    );
  });

  it('Paramiko that grants a window of 1 GiB and stops reading costs the server less than 8 MiB', async () => {
    // The tests above have warmed the server up.
    const before = await site.server.residentBytes();
    await using hog = paramiko.start('hog');
    await hog.said(/deaf/u);
    let most = 0;
    for (let sample = 0; sample < 60; sample += 1) {
      // The client goes on doing nothing; the server could go on filling its memory.
      await pause(50);
      most = Math.max(most, (await site.server.residentBytes()) - before);
    }

    expect(most).toBeLessThan(8 * MIB);
    expect(hog.running).toBe(true);
    // Meanwhile and afterwards others are served.
    expect(await paramiko.run('key')).toMatchObject({ status: 0 });
  });
});
