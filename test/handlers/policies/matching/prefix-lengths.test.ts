import { describe, expect, it } from 'vitest';

import { prefixLengths } from '../../../../src/handlers/policies/matching/prefix-lengths.js';
import { optionError } from '../policy-laws.js';

describe('prefixLengths', () => {
  it('are a single IPv4 address and the /64 of one IPv6 customer unless told otherwise', () => {
    expect(prefixLengths('banAfter', {})).toEqual({ ipv4: 32, ipv6: 64 });
    expect(prefixLengths('banAfter', { ipv4Prefix: 0, ipv6Prefix: 128 })).toEqual({ ipv4: 0, ipv6: 128 });
  });

  it.each([-1, 33, 1.5, NaN])('refuse /%d for IPv4', (ipv4Prefix) => {
    expect(() => prefixLengths('banAfter', { ipv4Prefix })).toThrow(
      optionError(`banAfter: ipv4Prefix must be an integer from 0 to 32, got ${String(ipv4Prefix)}`),
    );
  });

  it.each([-1, 129, 0.5, NaN])('refuse /%d for IPv6', (ipv6Prefix) => {
    expect(() => prefixLengths('banAfter', { ipv6Prefix })).toThrow(
      optionError(`banAfter: ipv6Prefix must be an integer from 0 to 128, got ${String(ipv6Prefix)}`),
    );
  });
});
