import { expect, it } from 'vitest';

import * as api from '../src/index.js';
import * as testing from '../src/testing/index.js';

it('rxsshd exports exactly these values', () => {
  expect(Object.keys(api).sort()).toEqual([
    'CLOCK',
    'DEFAULT_ALGORITHMS',
    'Decide',
    'DenyReason',
    'EVENTS',
    'Exec',
    'MemoryCounterStore',
    'On',
    'PLUGIN_CONTRACT',
    'SSH_HANDLER',
    'Secret',
    'Shell',
    'SshHandler',
    'SshServerError',
    'Subsystem',
    'acceptEnvironment',
    'acceptOffer',
    'allowFrom',
    'challenge',
    'clockOf',
    'consider',
    'createServer',
    'decide',
    'decideEach',
    'definePlugin',
    'deny',
    'denyFrom',
    'denyWhen',
    'exec',
    'generateHostKey',
    'grant',
    'grantKeyboardInteractive',
    'grantPassword',
    'grantPublicKey',
    'grantWhen',
    'loadHostKey',
    'loadOrCreateHostKey',
    'on',
    'parseHostKey',
    'rateLimit',
    'routeChannels',
    'routeCommands',
    'routeShell',
    'routeSubsystems',
    'runService',
    'serveWith',
    'shell',
    'subsystem',
    'systemClock',
    'withLease',
  ]);
});

it('rxsshd/testing exports exactly these values', () => {
  expect(Object.keys(testing).sort()).toEqual([
    'authRequest',
    'channelOpen',
    'channelRequest',
    'connectionRequest',
    'duplexPair',
    'globalRequest',
    'loopback',
    'marbles',
    'serviceRequest',
  ]);
});
