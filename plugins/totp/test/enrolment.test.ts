import { TOTP, URI } from 'otpauth';
import { describe, expect, it } from 'vitest';

import { generateTotpSecret, totpUri } from '../src/index.js';

describe('totpUri', () => {
  const options = { issuer: 'Example & Co', account: 'ann@bastion', secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' };

  it('is an address that applications read, with all that they need', () => {
    const uri = totpUri({ ...options, digits: 8, period: 60, algorithm: 'SHA256' });

    expect(uri).toBe(
      'otpauth://totp/Example%20%26%20Co:ann%40bastion?issuer=Example%20%26%20Co&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=SHA256&digits=8&period=60',
    );
    expect(URI.parse(uri)).toBeInstanceOf(TOTP);
  });

  it('has the defaults of the policy', () => {
    expect(URI.parse(totpUri(options))).toMatchObject({
      digits: 6,
      period: 30,
      algorithm: 'SHA1',
      label: 'ann@bastion',
    });
  });

  it('refuses what is no secret, without showing it, and wrong parameters', () => {
    expect(() => totpUri({ ...options, secret: 'no secret 1' })).toThrow(
      expect.objectContaining({ code: 'ERR_SSH_OPTION', message: 'the TOTP secret is no base32' }),
    );
    expect(() => totpUri({ ...options, period: 0 })).toThrow(
      expect.objectContaining({ code: 'ERR_SSH_POLICY_OPTION' }),
    );
  });
});

describe('generateTotpSecret', () => {
  it('makes 160 bits in base32, another each time', () => {
    expect(generateTotpSecret()).toMatch(/^[A-Z2-7]{32}$/);
    expect(generateTotpSecret()).not.toBe(generateTotpSecret());
  });
});
