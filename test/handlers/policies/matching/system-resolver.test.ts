import { beforeEach, describe, expect, it, vi } from 'vitest';

import { systemResolver } from '../../../../src/handlers/policies/matching/system-resolver.js';

const servers = vi.hoisted(() => ({ made: 0, reverse: vi.fn(), resolve4: vi.fn(), resolve6: vi.fn() }));

// No test asks the name servers of the machine that it happens to run on.
vi.mock('node:dns/promises', () => ({
  Resolver: class {
    readonly reverse = servers.reverse;
    readonly resolve4 = servers.resolve4;
    readonly resolve6 = servers.resolve6;
    constructor() {
      servers.made += 1;
    }
  },
}));

const failure = (code: string): Error => Object.assign(new Error(code), { code });

beforeEach(() => {
  servers.made = 0;
  vi.resetAllMocks();
});

describe('systemResolver', () => {
  it('opens nothing before the first question, and one way for all of them', async () => {
    servers.reverse.mockResolvedValue(['a.test']);
    const resolver = systemResolver();
    expect(servers.made).toBe(0);

    expect(await resolver.reverse('192.0.2.7')).toEqual(['a.test']);
    await resolver.reverse('192.0.2.8');
    expect(servers.reverse.mock.calls).toEqual([['192.0.2.7'], ['192.0.2.8']]);
    expect(servers.made).toBe(1);
  });

  it('gives the addresses of both families', async () => {
    servers.resolve4.mockResolvedValue(['192.0.2.7']);
    servers.resolve6.mockResolvedValue(['2001:db8::7']);

    expect(await systemResolver().resolve('a.test')).toEqual(['192.0.2.7', '2001:db8::7']);
    expect(servers.resolve6).toHaveBeenCalledWith('a.test');
  });

  it.each(['ENODATA', 'ENOTFOUND', 'ESERVFAIL'])('is content with one family if the other has %s', async (code) => {
    servers.resolve4.mockRejectedValue(failure(code));
    servers.resolve6.mockResolvedValue(['2001:db8::7']);

    expect(await systemResolver().resolve('a.test')).toEqual(['2001:db8::7']);
  });

  it('gives an empty list for what does not exist', async () => {
    servers.resolve4.mockRejectedValue(failure('ENODATA'));
    servers.resolve6.mockRejectedValue(failure('ENOTFOUND'));

    expect(await systemResolver().resolve('a.test')).toEqual([]);
  });

  it('fails if it found nothing and a family failed', async () => {
    servers.resolve4.mockRejectedValue(failure('ENODATA'));
    servers.resolve6.mockRejectedValue(failure('ESERVFAIL'));

    await expect(systemResolver().resolve('a.test')).rejects.toMatchObject({ code: 'ESERVFAIL' });
  });
});
