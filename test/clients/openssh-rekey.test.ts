import { createHash, randomBytes } from 'node:crypto';

import { ALGORITHM_PRESETS } from 'rxsshd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ClientSite } from '../support/client-site.js';
import { digest } from '../support/digest.js';
import { OpenSshClient } from '../support/openssh-client.js';
import { knownAlgorithms } from '../support/openssh-offer.js';
import { requires } from '../support/requires.js';

const programs = requires(['ssh', 'ssh-keygen']);
const MIB = 1024 * 1024;
const SIZE = 24 * MIB;
/** 24 MiB at one exchange a megabyte would be 24; each exchange lets data under way pass before it counts anew. */
const MIN_EXCHANGES = 8;

const { ciphers, keyExchange } = ALGORITHM_PRESETS.compatible;
/** What this machine's ssh has. Whatever it does not have yet is skipped, by the name of its test. */
const known = new Set([...knownAlgorithms('ssh', 'cipher'), ...knownAlgorithms('ssh', 'kex')]);

describe.skipIf(programs.missing.length > 0)(programs.title('OpenSSH, key re-exchange'), () => {
  let site: ClientSite;
  let ssh: OpenSshClient;
  const data = randomBytes(SIZE);

  beforeAll(async () => {
    site = await ClientSite.open({ keygen: programs.path('ssh-keygen'), settings: { ALGORITHMS: 'compatible' } });
    const { server, keys, environment: env } = site;
    ssh = new OpenSshClient({ program: programs.path('ssh'), server, key: keys.ed25519, env });
  });

  afterAll(() => site.close());

  const exchanges = (stderr: string): number => stderr.match(/SSH2_MSG_NEWKEYS received/gu)?.length ?? 0;

  describe('one way at a time', () => {
    const call = { settings: ['RekeyLimit=1M', 'LogLevel=DEBUG1'] };

    it('ssh renews its keys while it sends 24 MiB', async () => {
      const { status, stderr } = await ssh.run('sink', { ...call, input: data });

      expect(status).toBe(0);
      expect(exchanges(stderr)).toBeGreaterThanOrEqual(MIN_EXCHANGES);
    });

    it('ssh renews its keys while it receives 24 MiB', async () => {
      const { status, stdout, stderr } = await ssh.run(`source ${String(SIZE)}`, call);

      expect(status).toBe(0);
      expect(stdout.length).toBe(SIZE);
      expect(exchanges(stderr)).toBeGreaterThanOrEqual(MIN_EXCHANGES);
    });
  });

  describe('both ways at once', () => {
    const much = randomBytes(200 * MIB);

    for (const cipher of ciphers) {
      const settings = ['RekeyLimit=1M', `Ciphers=${cipher}`, 'LogLevel=DEBUG1'];

      it.skipIf(!known.has(cipher))(`ssh renews its keys each MiB of 200 MiB each way under ${cipher}`, async () => {
        const client = ssh.startUnread('cat', { settings, input: much });
        const echo = createHash('sha256');
        client.stdout.on('data', (chunk: Buffer) => echo.update(chunk));
        const { status, stderr } = await client.finished;

        expect(status).toBe(0);
        expect(echo.digest('hex')).toBe(digest(much));
        expect(stderr).toContain(`kex: server->client cipher: ${cipher}`);
        expect(exchanges(stderr)).toBeGreaterThan(100);
      });
    }

    for (const method of keyExchange) {
      const settings = ['RekeyLimit=1M', `KexAlgorithms=${method}`, 'LogLevel=DEBUG1'];

      it.skipIf(!known.has(method))(`ssh renews its keys by ${method}`, async () => {
        const input = data.subarray(0, 6 * MIB);
        const { status, stdout, stderr } = await ssh.run('cat', { settings, input });

        expect(status).toBe(0);
        expect(digest(stdout)).toBe(digest(input));
        expect(stderr).toContain(`kex: algorithm: ${method}`);
        expect(exchanges(stderr)).toBeGreaterThanOrEqual(3);
      });
    }
  });

  describe('when the server asks for it each MiB', () => {
    let renewing: ClientSite;
    let client: OpenSshClient;

    beforeAll(async () => {
      renewing = await ClientSite.open({
        keygen: programs.path('ssh-keygen'),
        settings: { REKEY_BYTES: String(1024 * 1024) },
      });
      const { server, keys, environment: env } = renewing;
      client = new OpenSshClient({ program: programs.path('ssh'), server, key: keys.ed25519, env });
    });

    afterAll(() => renewing.close());

    it.each([
      ['', 'default none'],
      [', and ssh as well', '1M'],
    ])('24 MiB go each way%s, and not a byte is lost', async (_who, limit) => {
      const { status, stdout, stderr } = await client.run('cat', {
        settings: [`RekeyLimit=${limit}`, 'LogLevel=DEBUG1'],
        input: data,
      });

      expect(status).toBe(0);
      expect(digest(stdout)).toBe(digest(data));
      expect(exchanges(stderr)).toBeGreaterThanOrEqual(MIN_EXCHANGES);
    });

    it('24 MiB come one way alone', async () => {
      const { status, stdout, stderr } = await client.run(`source ${String(SIZE)}`, {
        settings: ['RekeyLimit=default none', 'LogLevel=DEBUG1'],
      });

      expect(status).toBe(0);
      expect(stdout.length).toBe(SIZE);
      expect(exchanges(stderr)).toBeGreaterThanOrEqual(MIN_EXCHANGES);
    });
  });

  it('ssh renews its keys by time, in the middle of a silent command', async () => {
    // OpenSSH checks the clock when something moves, here its own signs of life.
    const { status, stderr } = await ssh.run('sleep 3', {
      settings: ['RekeyLimit=default 1s', 'ServerAliveInterval=1', 'LogLevel=DEBUG1'],
    });

    expect(status).toBe(0);
    expect(exchanges(stderr)).toBeGreaterThanOrEqual(2);
  });
});
