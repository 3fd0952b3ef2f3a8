import { describe, expect, it } from 'vitest';

import { offerHostKeys } from '../../src/di/host-key-offer.js';
import { ALGORITHM_PRESETS, createServer, generateHostKey } from '../../src/index.js';

const { hostKey: ed25519 } = await generateHostKey();
const { hostKey: ecdsa } = await generateHostKey('ecdsa-sha2-nistp256');

describe('the host keys on offer', () => {
  it('come in the order of the algorithms, whatever the order of the keys', () => {
    const { byAlgorithm, unused } = offerHostKeys([ecdsa, ed25519], ALGORITHM_PRESETS.compatible.hostKeys);

    expect(Object.entries(byAlgorithm)).toEqual([
      ['ssh-ed25519', ed25519],
      ['ecdsa-sha2-nistp256', ecdsa],
    ]);
    expect(unused).toEqual([]);
  });

  it('leave out a key that no algorithm asks for, and tell of it', () => {
    const { byAlgorithm, unused } = offerHostKeys([ecdsa, ed25519], ALGORITHM_PRESETS.modern.hostKeys);

    expect(Object.keys(byAlgorithm)).toEqual(['ssh-ed25519']);
    expect(unused).toEqual([ecdsa]);
  });

  it('cannot be none at all', () => {
    expect(() => offerHostKeys([ecdsa], ['ssh-ed25519'])).toThrow(
      'createServer: hostKeys: none of type ecdsa-sha2-nistp256 can sign with ssh-ed25519. ' +
        'Give a key of another type (generateHostKey makes one) or change algorithms.hostKeys',
    );
  });
});

it('a server warns of a host key that is never used', async () => {
  const warnings: string[] = [];
  const server = await createServer({ hostKeys: [ed25519, ecdsa], onWarning: (it) => warnings.push(it) });
  await server.shutdown();

  expect(warnings).toContain(
    'the host key of type ecdsa-sha2-nistp256 is never used, since algorithms.hostKeys has nothing that it signs with. ' +
      "The preset 'compatible' has.",
  );
});
