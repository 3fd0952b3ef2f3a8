import { describe, expect, it } from 'vitest';

import { signatureAlgorithmNames } from '../../src/protocol/authentication/signature-algorithms.js';
import type { AlgorithmLists } from '../../src/transport/algorithm-lists.js';
import { ALGORITHM_PRESETS } from '../../src/transport/algorithm-presets.js';

const { modern, compatible, fips } = ALGORITHM_PRESETS;
const kinds = Object.keys(modern) as (keyof AlgorithmLists)[];
const everything = Object.values(ALGORITHM_PRESETS).flatMap((lists) => kinds.flatMap((kind) => lists[kind]));

describe('the presets', () => {
  it.each(['modern', 'fips'] as const)('%s has nothing that compatible has not', (preset) => {
    for (const kind of kinds) {
      const others = ALGORITHM_PRESETS[preset][kind].filter((name) => !compatible[kind].includes(name));
      expect(others, kind).toEqual([]);
    }
  });

  it('name nothing twice, and leave no kind empty', () => {
    for (const lists of Object.values(ALGORITHM_PRESETS)) {
      for (const kind of kinds) {
        expect(lists[kind].length, kind).toBeGreaterThan(0);
        expect(new Set(lists[kind]).size, kind).toBe(lists[kind].length);
      }
    }
  });

  it('have no SHA-1, no CBC, no group exchange', () => {
    expect(everything.filter((name) => /sha1|cbc|group-exchange|ssh-rsa|ssh-dss|md5/u.test(name))).toEqual([]);
  });

  it('modern has no NIST curve in what the server proves or agrees on, and no MAC computed before encryption', () => {
    expect([...modern.keyExchange, ...modern.hostKeys].filter((name) => name.includes('nistp'))).toEqual([]);
    expect(modern.macs.every((name) => name.endsWith('-etm@openssh.com'))).toBe(true);
    expect(modern.keyExchange[0]).toBe('mlkem768x25519-sha256');
  });

  it('fips has neither Curve25519 nor ChaCha20', () => {
    const names = kinds.flatMap((kind) => fips[kind]);
    expect(names.filter((name) => /25519|chacha/u.test(name))).toEqual([]);
  });

  it('compatible accepts every signature that can be verified', () => {
    expect(compatible.publicKeySignatures.toSorted()).toEqual(signatureAlgorithmNames.toSorted());
  });
});
