import { describe, expect, it } from 'vitest';

import { ExpiringMap } from '../../../src/handlers/policies/expiring-map.js';

describe('ExpiringMap', () => {
  it('remembers up to the last millisecond of the time, and no longer', () => {
    const map = new ExpiringMap<string>({ forMs: 10, maxKeys: 5 });
    map.set('ann', 'yes', 100);

    expect(map.get('ann', 100)).toBe('yes');
    expect(map.get('ann', 109)).toBe('yes');
    expect(map.get('ann', 110)).toBeUndefined();
    expect(map.get('bob', 100)).toBeUndefined();
  });

  it('begins the time again with what is set again', () => {
    const map = new ExpiringMap<string>({ forMs: 10, maxKeys: 5 });
    map.set('ann', 'one', 0);
    map.set('ann', 'two', 5);

    expect(map.get('ann', 14)).toBe('two');
    expect(map.size).toBe(1);
  });

  it('remembers nothing from a time that has not come yet, as after a clock was set back', () => {
    const map = new ExpiringMap<string>({ forMs: 10, maxKeys: 5 });
    map.set('ann', 'yes', 1_000);

    expect(map.get('ann', 999)).toBeUndefined();
  });

  it('forgets the oldest past its bound', () => {
    const map = new ExpiringMap<number>({ forMs: 1_000, maxKeys: 2 });
    map.set('a', 1, 0);
    map.set('b', 2, 1);
    map.set('a', 3, 2);
    map.set('c', 4, 3);

    expect(['a', 'b', 'c'].map((key) => map.get(key, 3))).toEqual([3, undefined, 4]);
    expect(map.size).toBe(2);
  });

  it('throws away what has expired', () => {
    const map = new ExpiringMap<number>({ forMs: 10, maxKeys: 100 });
    for (let key = 0; key < 50; key += 1) map.set(String(key), key, 0);
    map.set('late', 1, 10);

    expect(map.size).toBe(1);
  });
});
