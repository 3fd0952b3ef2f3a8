import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { HostKeysInForce } from '../../src/di/host-keys-in-force.js';
import { ALGORITHM_PRESETS, certifyHostKey, createServer, generateHostKey, type HostKey } from '../../src/index.js';
import { makeCertificate, makeWireKey } from '../support/certificates.js';

const { hostKey: ed25519 } = await generateHostKey();
const { hostKey: other } = await generateHostKey();
const { hostKey: ecdsa } = await generateHostKey('ecdsa-sha2-nistp256');
const authority = makeWireKey();

const certified = (key: HostKey, validBefore: bigint): HostKey =>
  certifyHostKey(key, makeCertificate({ key: key.publicBlob, authority, type: 2, validBefore }));

function inForce(hostKeys: readonly HostKey[], preset: keyof typeof ALGORITHM_PRESETS = 'compatible') {
  const clock = { time: 0, now: () => clock.time };
  const warnings: string[] = [];
  const onWarning = (warning: string): void => {
    warnings.push(warning);
  };
  const keys = new HostKeysInForce(hostKeys, { algorithms: ALGORITHM_PRESETS[preset], clock, onWarning });
  const offered = (): readonly string[] => Object.keys(keys.offer().byAlgorithm);
  return { keys, clock, warnings, offered };
}

describe('the host keys in force', () => {
  it('are offered in the order of the algorithms, whatever the order of the keys', () => {
    const { keys, offered, warnings } = inForce([ecdsa, ed25519, other]);

    expect(offered()).toEqual(['ssh-ed25519', 'ecdsa-sha2-nistp256']);
    expect(keys.offer().byAlgorithm['ssh-ed25519']?.getPublicSSH()).toBe(ed25519.publicBlob);
    expect(keys.offer().keys).toEqual([ecdsa, ed25519, other]);
    expect(warnings).toEqual([]);
  });

  it('are the same object until they change', () => {
    const { keys, clock } = inForce([ed25519]);
    const before = keys.offer();
    clock.time = 1e15;
    expect(keys.offer()).toBe(before);
    keys.replace([ed25519]);
    expect(keys.offer()).not.toBe(before);
  });

  it('leave out a key that no algorithm asks for, and tell of it', () => {
    const { keys, offered, warnings } = inForce([ecdsa, ed25519], 'modern');

    expect(offered()).toEqual(['ssh-ed25519']);
    expect(keys.offer().keys).toEqual([ed25519]);
    expect(warnings).toEqual([
      'the host key of type ecdsa-sha2-nistp256 is never used, since algorithms.hostKeys has nothing that it signs with. ' +
        "The preset 'compatible' has.",
    ]);
  });

  it('show certificates before plain keys, each to its end', () => {
    const { clock, offered, warnings } = inForce([certified(ed25519, 100n), certified(ecdsa, 200n)]);
    const [plain, first, second] = [
      ['ssh-ed25519', 'ecdsa-sha2-nistp256'],
      'ssh-ed25519-cert-v01@openssh.com',
      'ecdsa-sha2-nistp256-cert-v01@openssh.com',
    ] as const;

    expect(offered()).toEqual([first, second, ...plain]);
    clock.time = 99_999;
    expect(offered()).toEqual([first, second, ...plain]);
    expect(warnings).toEqual([]);
    clock.time = 100_000;
    expect(offered()).toEqual([second, ...plain]);
    clock.time = 200_000;
    expect(offered()).toEqual(plain);
    // Each once, as soon as a client asks.
    expect(warnings.map((it) => it.replace(/^.* (SHA256:\S+ has expired on [\d-]+).*$/u, '$1'))).toEqual([
      `${ed25519.fingerprint} has expired on 1970-01-01`,
      `${ecdsa.fingerprint} has expired on 1970-01-01`,
    ]);
  });

  it('warn only of what is new when they are replaced', () => {
    const { keys, clock, warnings } = inForce([certified(ed25519, 100n), ecdsa], 'modern');
    clock.time = 100_000;
    keys.replace([certified(ed25519, 100n), ecdsa]);
    expect(warnings).toHaveLength(2);
    keys.replace([certified(other, 100n), ed25519]);
    keys.replace([ed25519, ecdsa]);

    expect(warnings.map((it) => /never used|has expired/u.exec(it)?.[0])).toEqual([
      ...['never used', 'has expired', 'has expired', 'never used'],
    ]);
  });

  it('are in force, and the process is warned, if whoever should tell throws', () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockReturnValue(undefined);
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    const clock = { time: 0, now: () => clock.time };
    const onWarning = (): void => {
      throw new Error('no log');
    };
    const parts = { algorithms: ALGORITHM_PRESETS.modern, clock, onWarning };
    const keys = new HostKeysInForce([certified(ed25519, 100n)], parts);
    clock.time = 100_000;

    expect(Object.keys(keys.offer().byAlgorithm)).toEqual(['ssh-ed25519']);
    expect(keys.offer()).toBe(keys.offer());
    keys.replace([other, ecdsa]);
    expect(keys.offer().keys).toEqual([other]);
    expect(emitWarning.mock.calls.map(([warning]) => /never used|has expired/u.exec(String(warning))?.[0])).toEqual([
      'has expired',
      'never used',
    ]);
  });

  it('may be replaced by whoever is warned', () => {
    const clock = { time: 0, now: () => clock.time };
    const keys = new HostKeysInForce([certified(ed25519, 100n)], {
      algorithms: ALGORITHM_PRESETS.modern,
      clock,
      onWarning: () => {
        keys.replace([other]);
      },
    });
    clock.time = 100_000;

    expect(keys.offer().keys).toEqual([other]);
    expect(keys.offer().keys).toEqual([other]);
  });

  it('cannot be none of use', () => {
    expect(() => inForce([ecdsa], 'modern')).toThrow(
      'createServer: hostKeys: none of type ecdsa-sha2-nistp256 can sign with ssh-ed25519, rsa-sha2-512, rsa-sha2-256. ' +
        'Give a key of another type (generateHostKey makes one) or change algorithms.hostKeys',
    );
  });

  it('cannot be more than fit into the packet that tells of them', () => {
    const many = Array.from({ length: 700 }, (_, index) => ({ ...ed25519, fingerprint: `SHA256:${String(index)}` }));

    expect(() => inForce(many)).toThrow(
      'createServer: hostKeys: too many: their public keys do not fit into one packet',
    );
  });
});

it('a server warns of a host key that is never used', async () => {
  const warnings: string[] = [];
  const server = await createServer({ hostKeys: [ed25519, ecdsa], onWarning: (it) => warnings.push(it) });
  await server.shutdown();

  expect(warnings.join()).toContain('the host key of type ecdsa-sha2-nistp256 is never used');
});
