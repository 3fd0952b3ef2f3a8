import { describe, expect, it } from 'vitest';

import { makeWireKey } from '../../support/certificates.js';
import { wireBytes } from '../../support/wire-bytes.js';
import * as send from '../../support/wire-client-payloads.js';
import { authBench, FAILURE, signedBy, SUCCESS } from './auth-desk.js';

const key = makeWireKey();
const blob = [[key.blob.length], key.blob] as const;
const vouched = send.authMethod('hostbased', 'ssh-ed25519', ...blob, 'desk', 'ann');
const signed = send.authMethod('publickey', 1, 'ssh-ed25519', ...blob);

/** A request by each method, as good as it can be. */
const REQUESTS = {
  password: () => send.authPassword('secret'),
  publickey: (bench: ReturnType<typeof authBench>) => signedBy(key.sign, bench.link, signed),
  'keyboard-interactive': () => send.authMethod('keyboard-interactive', '', ''),
  hostbased: (bench: ReturnType<typeof authBench>) => signedBy(key.sign, bench.link, vouched),
};
const METHODS = ['password', 'publickey', 'keyboard-interactive', 'hostbased'] as const;

describe('a method that the server does not offer', () => {
  it.each(METHODS)('is shown as one that is unknown, with nothing of what came by it: %s', (method) => {
    const bench = authBench();
    bench.authentication.onMessage(REQUESTS[method](bench));
    bench.desk.say(FAILURE);
    bench.desk.authMethods = METHODS.filter((it) => it !== method);
    bench.authentication.onMessage(REQUESTS[method](bench));

    const whose = { user: 'ann', service: 'ssh-connection' };
    expect(bench.desk.asked).toEqual([
      expect.objectContaining({ ...whose, ordinal: 1, method }),
      { ...whose, ordinal: 2, method: 'other', name: method },
    ]);
  });

  it.each(METHODS)('lets in nobody, whatever is said above: %s', (method) => {
    const bench = authBench();
    bench.desk.authMethods = [];
    bench.authentication.onMessage(REQUESTS[method](bench));
    bench.desk.say(SUCCESS);

    expect(bench.authentication.authenticated).toBe(false);
    expect(bench.link.sent).toEqual([wireBytes(51, '', 0)]);
  });

  it('is asked no questions and for no new password', () => {
    const bench = authBench();
    bench.desk.authMethods = ['publickey'];
    bench.authentication.onMessage(REQUESTS['keyboard-interactive']());
    bench.desk.say({ type: 'challenge', challenge: { prompts: [{ text: 'Code: ' }] } });
    bench.authentication.onMessage(REQUESTS.password());
    bench.desk.say({ type: 'password-change', prompt: 'It is time for a new one.' });

    expect(bench.link.sent).toEqual([wireBytes(51, 'publickey', 0), wireBytes(51, 'publickey', 0)]);
  });

  it('uses up attempts, but for a key that is only offered', () => {
    const bench = authBench({ maxAuthFailures: 2 });
    bench.desk.authMethods = ['hostbased'];
    for (const payload of [
      send.authMethod('publickey', 0, 'ssh-ed25519', ...blob),
      send.authPassword('guess'),
      send.authMethod('publickey', 0, 'ssh-ed25519', ...blob),
      send.authPassword('guess'),
    ]) {
      bench.authentication.onMessage(payload);
      bench.desk.say(FAILURE);
    }

    expect(bench.link.sent).toHaveLength(3);
    expect(bench.link.violations).toHaveLength(1);
  });

  it('is none in `none`, which asks for the methods', () => {
    const bench = authBench();
    bench.desk.authMethods = ['publickey'];
    bench.authentication.onMessage(send.authNone());
    bench.desk.say(SUCCESS);

    expect(bench.desk.asked).toMatchObject([{ method: 'none' }]);
    expect(bench.authentication.authenticated).toBe(true);
  });
});
