import { describe, expect, it } from 'vitest';

import { SettingError } from '../../examples/reference/setting-error.js';
import { readSettings } from '../../examples/reference/settings.js';

const NUMBERS = [
  'PORT',
  'MAX_CONNECTIONS',
  'MAX_STARTUPS',
  'MAX_PER_SOURCE',
  'MAX_LOGINS_PER_MINUTE',
  'MAX_AUTH_ATTEMPTS',
  'MAX_CHANNELS',
  'LOGIN_GRACE_MS',
  'DRAIN_MS',
];

describe('the settings of the reference server', () => {
  it('have the defaults that the README names', () => {
    expect(readSettings({})).toEqual({
      host: '127.0.0.1',
      port: 2222,
      stateDir: '.rxsshd',
      demoPasswords: true,
      authorizedKeys: undefined,
      algorithms: 'modern',
      compression: false,
      rekeyBytes: 2 ** 30,
      acceptEnv: ['LANG', 'LC_*', 'COLORTERM', 'GIT_PROTOCOL'],
      maxConnections: 1000,
      maxStartups: 100,
      maxPerSource: 10,
      maxLoginsPerMinute: 600,
      maxAuthAttempts: 6,
      maxChannels: 64,
      loginGraceMs: 60_000,
      drainMs: 10_000,
      log: false,
      logLevel: 0,
      record: undefined,
    });
  });

  it.each(NUMBERS)('%s must be a whole number in range', (name) => {
    for (const value of ['', ' ', 'many', '-1', '1.5', '1e3', '0x10', '9'.repeat(20), '12 ', '４']) {
      expect(() => readSettings({ [name]: value })).toThrow(
        new RegExp(`^${name}=${JSON.stringify(value)} cannot be used: expected a whole number from \\d+ to \\d+$`),
      );
    }
    expect(() => readSettings({ [name]: '1' })).not.toThrow();
  });

  it.each(NUMBERS.filter((name) => name !== 'PORT' && name !== 'DRAIN_MS'))('%s must not be 0', (name) => {
    expect(() => readSettings({ [name]: '0' })).toThrow(SettingError);
  });

  it('PORT 0 leaves the choice to the system, DRAIN_MS 0 waits for nobody', () => {
    expect(readSettings({ PORT: '0', DRAIN_MS: '0' })).toMatchObject({ port: 0, drainMs: 0 });
  });

  it('COMPRESSION is a flag', () => {
    expect(readSettings({ COMPRESSION: '1' })).toMatchObject({ compression: true });
    expect(() => readSettings({ COMPRESSION: 'zlib' })).toThrow('COMPRESSION="zlib" cannot be used: expected 0 or 1');
  });

  it('ALGORITHMS is the name of a preset', () => {
    expect(readSettings({ ALGORITHMS: 'fips' })).toMatchObject({ algorithms: 'fips' });
    for (const value of ['', 'old', 'toString', 'Modern']) {
      expect(() => readSettings({ ALGORITHMS: value })).toThrow(
        `ALGORITHMS=${JSON.stringify(value)} cannot be used: expected one of modern, compatible, fips`,
      );
    }
  });

  it('REKEY_BYTES is from 64 KiB to 1 GiB', () => {
    expect(readSettings({ REKEY_BYTES: '65536' })).toMatchObject({ rekeyBytes: 65_536 });
    for (const value of ['65535', '1073741825', '1M']) {
      expect(() => readSettings({ REKEY_BYTES: value })).toThrow(
        /^REKEY_BYTES=.* expected a whole number from 65536 to/,
      );
    }
  });

  it.each(['DEMO_PASSWORDS', 'LOG'])('%s is 0 or 1', (name) => {
    expect(() => readSettings({ [name]: 'yes' })).toThrow(`${name}="yes" cannot be used: expected 0 or 1`);
    expect(() => readSettings({ [name]: '' })).toThrow(SettingError);
    expect(() => readSettings({ [name]: '1' })).not.toThrow();
  });

  it('LOG_LEVEL is from 0 to 3', () => {
    expect(readSettings({ LOG_LEVEL: '3' })).toMatchObject({ logLevel: 3 });
    for (const value of ['4', '-1', 'debug', '']) {
      expect(() => readSettings({ LOG_LEVEL: value })).toThrow(/^LOG_LEVEL=.* expected a whole number from 0 to 3$/);
    }
  });

  it.each(['HOST', 'STATE_DIR', 'AUTHORIZED_KEYS'])('%s must not be empty', (name) => {
    expect(() => readSettings({ [name]: '' })).toThrow(`${name}="" cannot be used`);
  });

  it.each(['PROGRAMS', 'SFTP_ROOT'])('%s is refused rather than ignored', (name) => {
    expect(() => readSettings({ [name]: '1' })).toThrow(/^\w+="1" cannot be used: this version has no /);
  });

  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('demo passwords are for %s', (host) => {
    expect(readSettings({ HOST: host }).host).toBe(host);
  });

  it.each(['0.0.0.0', '::', '0', '127.0.0.1.example.com', '127.1', '192.0.2.1', 'example.com'])(
    'demo passwords are not for %s',
    (host) => {
      expect(() => readSettings({ HOST: host })).toThrow('DEMO_PASSWORDS=0');
      expect(readSettings({ HOST: host, DEMO_PASSWORDS: '0' }).host).toBe(host);
    },
  );

  it('ACCEPT_ENV is a list of patterns, and may be empty', () => {
    expect(readSettings({ ACCEPT_ENV: 'A, B_*' }).acceptEnv).toEqual(['A', 'B_*']);
    expect(readSettings({ ACCEPT_ENV: '' }).acceptEnv).toEqual([]);
    for (const list of ['A,', 'A;B', 'LC-*', 'Ä']) {
      expect(() => readSettings({ ACCEPT_ENV: list })).toThrow(`ACCEPT_ENV=${JSON.stringify(list)} cannot be used`);
    }
  });
});
