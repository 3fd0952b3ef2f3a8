import { describe, expect, it } from 'vitest';

import { type OidcDeviceFlowOptions, readOptions } from '../src/flow-options.js';
import { sourceNetwork } from '../src/source-network.js';

const given: OidcDeviceFlowOptions = {
  issuer: 'https://login.example.com',
  clientId: 'ssh',
  userOf: ({ sub }) => sub,
};

describe('options of the device flow', () => {
  it.each([
    'https://login.example.com',
    'https://login.example.com/realms/staff',
    'http://localhost:8080',
    'http://127.0.0.1',
    'http://[::1]:3000',
  ])('take the issuer %s', (issuer) => {
    expect(readOptions({ ...given, issuer }).issuer.href).toBe(new URL(issuer).href);
  });

  it.each<[object, string]>([
    [{ issuer: undefined }, 'issuer must be a URL'],
    [{ issuer: 'login.example.com' }, 'issuer must be a URL'],
    [{ issuer: 'http://login.example.com' }, 'issuer must be a URL'],
    [{ issuer: 'http://127.0.0.1.example.com' }, 'issuer must be a URL'],
    [{ issuer: 'http://localhost.example.com' }, 'issuer must be a URL'],
    [{ issuer: 'https://login.example.com/?realm=staff' }, 'issuer must be a URL'],
    [{ issuer: 'https://login.example.com/#staff' }, 'issuer must be a URL'],
    [{ issuer: 'https://ann:hunter2@login.example.com' }, 'issuer must be a URL'],
    [{ issuer: 'ftp://login.example.com' }, 'issuer must be a URL'],
    [{ clientId: ' ' }, "clientId must be a text, got ' '"],
    [{ name: '' }, "name must be a text, got ''"],
    [{ clientSecret: '' }, 'clientSecret must be a text, got'],
    [{ clientSecret: { hunter2: 1 } }, "clientSecret must be a text, got 'object'"],
    [{ clientAuthentication: 'none' }, "clientAuthentication must be 'basic' or 'post', got 'none'"],
    [{ scopes: 'profile' }, 'scopes must be a list of scopes'],
    [{ scopes: ['profile email'] }, 'scopes must be a list of scopes'],
    [{ scopes: [''] }, 'scopes must be a list of scopes'],
    [{ userOf: undefined }, 'userOf must be a function, got undefined'],
    [{ text: 'Enter' }, "text must be a function, got 'Enter'"],
    [{ fetch: true }, 'fetch must be a function, got true'],
    [{ deadlineMs: 0 }, 'deadlineMs must be above 0 and below 2^31, got 0'],
    [{ deadlineMs: Infinity }, 'deadlineMs must be above 0 and below 2^31, got Infinity'],
    [{ requestTimeoutMs: NaN }, 'requestTimeoutMs must be above 0 and below 2^31, got NaN'],
    [{ recheckMs: 2 ** 31 }, 'recheckMs must be above 0 and below 2^31'],
    [{ maxPending: 0 }, 'maxPending must be an integer of at least 1, got 0'],
    [{ maxPendingPerSource: 0.5 }, 'maxPendingPerSource must be an integer of at least 1, got 0.5'],
    [{ recheckMs: 10, maxUnconfirmedMs: 9 }, 'maxUnconfirmedMs must be at least recheckMs, got 9'],
    [{ graceMs: -1 }, 'graceMs must be from 0 to 86400000, got -1'],
    [{ sessionEnds: 'never' }, "sessionEnds must be 'with-connection' or 'with-token' or 'with-grant', got 'never'"],
  ])('%o are refused', (options, message) => {
    const wrong = { ...given, ...options };
    expect(() => readOptions(wrong)).toThrow(
      expect.objectContaining({
        code: 'ERR_SSH_POLICY_OPTION',
        message: expect.stringContaining(`oidcDeviceFlow: ${message}`) as unknown,
      }),
    );
    expect(() => readOptions(wrong)).toThrow(expect.not.stringContaining('hunter2') as string);
  });
});

describe('sourceNetwork', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['', ''],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::2:3:4:5:6', '2001:db8:0:2'],
    ['::1', '0:0:0:0'],
    ['2001:db8:1:2::', '2001:db8:1:2'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['2001:0DB8::', '2001:db8:0:0'],
  ])('counts %j with %j', (address, network) => {
    expect(sourceNetwork(address)).toBe(network);
  });
});
