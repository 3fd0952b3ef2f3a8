import { randomBytes } from 'node:crypto';

import { ALGORITHM_PRESETS } from 'rxsshd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ClientSite } from '../support/client-site.js';
import { digest } from '../support/digest.js';
import { OpenSshClient, type SshCall } from '../support/openssh-client.js';
import { knownAlgorithms, readOffer, type SeenOffer } from '../support/openssh-offer.js';
import { requires } from '../support/requires.js';

const programs = requires(['ssh', 'ssh-keygen']);
const SIZE = 64 * 1024 * 1024;

const { keyExchange, hostKeys: HOST_KEYS, ciphers, macs } = ALGORITHM_PRESETS.compatible;
/** These bring their own integrity; a MAC would not be used (RFC 5647, OpenSSH PROTOCOL section 1.6). */
const isAuthenticated = (cipher: string): boolean => /-gcm|poly1305/u.test(cipher);

/** Every cipher at least once, and every MAC with one that needs it. */
const PROTECTIONS: readonly { readonly cipher: string; readonly mac: string | undefined }[] = [
  ...ciphers.filter(isAuthenticated).map((cipher) => ({ cipher, mac: undefined })),
  ...pairs(
    ciphers.filter((cipher) => !isAuthenticated(cipher)),
    macs,
  ),
];

function pairs(left: readonly string[], right: readonly string[]) {
  const length = Math.max(left.length, right.length);
  return Array.from({ length }, (_, index) => ({
    cipher: left[index % left.length] ?? '',
    mac: right[index % right.length] ?? '',
  }));
}

/** What this machine's ssh knows. Whatever it does not know yet is skipped, by the name of its test. */
const known = {
  kex: new Set(knownAlgorithms('ssh', 'kex')),
  cipher: new Set(knownAlgorithms('ssh', 'cipher')),
  mac: new Set(knownAlgorithms('ssh', 'mac')),
};

describe.skipIf(programs.missing.length > 0)(programs.title('OpenSSH, algorithms'), () => {
  let site: ClientSite;
  let ssh: OpenSshClient;
  let offer: SeenOffer;
  const data = randomBytes(SIZE);

  beforeAll(async () => {
    site = await ClientSite.open({
      keygen: programs.path('ssh-keygen'),
      hostKeys: ['ecdsa256', 'ecdsa384', 'ecdsa521', 'rsa'],
      settings: { ALGORITHMS: 'compatible' },
    });
    const { server, keys, environment: env } = site;
    ssh = new OpenSshClient({ program: programs.path('ssh'), server, key: keys.ed25519, env });
    const { stderr } = await ssh.run('true', { settings: ['LogLevel=DEBUG2'] });
    offer = readOffer(stderr);
  });

  afterAll(() => site.close());

  const verbose = (...settings: readonly string[]): SshCall => ({ settings: [...settings, 'LogLevel=DEBUG1'] });

  it('the server offers exactly what the tests below go through', () => {
    const isAlgorithm = (name: string): boolean => !/^(?:kex-strict|ext-info)-/u.test(name);

    expect(offer.keyExchange.filter(isAlgorithm)).toEqual(keyExchange);
    expect(offer.keyExchange).toContain('kex-strict-s-v00@openssh.com');
    expect(offer.hostKeys).toEqual(HOST_KEYS);
    expect(offer.ciphers).toEqual(ciphers);
    expect(offer.macs).toEqual(macs);
    expect(offer.compression).toEqual(['none']);
    expect(new Set(PROTECTIONS.map(({ cipher }) => cipher))).toEqual(new Set(ciphers));
    expect(new Set(PROTECTIONS.flatMap(({ mac }) => mac ?? []))).toEqual(new Set(macs));
  });

  for (const name of keyExchange) {
    it.skipIf(!known.kex.has(name))(`ssh exchanges keys by ${name}`, async () => {
      const { status, stderr } = await ssh.run('true', verbose(`KexAlgorithms=${name}`));

      expect(stderr).toContain(`kex: algorithm: ${name}`);
      expect(status).toBe(0);
    });
  }

  it.each(HOST_KEYS)('ssh verifies the host by %s', async (name) => {
    const { status, stderr } = await ssh.run('true', verbose(`HostKeyAlgorithms=${name}`));

    expect(stderr).toContain(`kex: host key algorithm: ${name}`);
    expect(status).toBe(0);
  });

  it.each([
    ['KexAlgorithms=diffie-hellman-group-exchange-sha256', 'no matching key exchange method found'],
    ['KexAlgorithms=diffie-hellman-group14-sha1', 'no matching key exchange method found'],
    ['HostKeyAlgorithms=ssh-rsa', 'no matching host key type found'],
    ['Ciphers=aes128-cbc', 'no matching cipher found'],
  ])('ssh with %s alone finds nothing in common', async (setting, complaint) => {
    const { status, stderr } = await ssh.run('true', { settings: [setting, 'LogLevel=INFO'] });

    expect(status).toBe(255);
    expect(stderr).toContain(complaint);
  });

  it('ssh with hmac-sha1 alone finds nothing in common for a cipher that needs a MAC', async () => {
    const { status, stderr } = await ssh.run('true', {
      settings: ['Ciphers=aes128-ctr', 'MACs=hmac-sha1', 'LogLevel=INFO'],
    });

    expect(status).toBe(255);
    expect(stderr).toContain('no matching MAC found');
  });

  describe.each(PROTECTIONS)('with $cipher and $mac', ({ cipher, mac }) => {
    const isKnown = known.cipher.has(cipher) && (mac === undefined || known.mac.has(mac));
    const settings = [`Ciphers=${cipher}`, ...(mac === undefined ? [] : [`MACs=${mac}`])];

    it.skipIf(!isKnown)('ssh gets 64 MiB back through cat as it sent them', async () => {
      const { status, stdout, stderr } = await ssh.run('cat', { ...verbose(...settings), input: data });

      const protection = `cipher: ${cipher} MAC: ${mac ?? '<implicit>'}`;
      expect(stderr).toContain(`kex: server->client ${protection}`);
      expect(stderr).toContain(`kex: client->server ${protection}`);
      expect(status).toBe(0);
      expect(digest(stdout)).toBe(digest(data));
    });

    it.skipIf(!isKnown)('ssh sends 64 MiB to sink and gets 64 MiB from source', async () => {
      expect(await ssh.run('sink', { settings, input: data })).toMatchObject({ status: 0, stderr: '' });

      const { status, stdout } = await ssh.run(`source ${String(SIZE)}`, { settings });
      expect(status).toBe(0);
      expect(stdout.length).toBe(SIZE);
    });
  });
});
