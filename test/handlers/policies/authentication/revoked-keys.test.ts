import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { firstValueFrom, of } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';

import { revokedKeys } from '../../../../src/handlers/policies/authentication/revoked-keys.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { makeCertificate, makeWireKey } from '../../../support/certificates.js';
import { marbles } from '../../../support/marbles.js';
import { authKeyOf, keyOf, lineOf } from '../keys.js';
import { obeysTheLawsOfPolicies } from '../policy-laws.js';
import { authRequests, offered, proven, refuted } from '../requests.js';
import { answersTo, decisionOn, deniedBy, granted } from '../verdicts.js';

const revoked = keyOf(1);
const good = keyOf(2);
const text = lineOf(revoked);
const refused = (request: SSHUserAuthRequest) => deniedBy('revokedKeys', request, DenyReason.KeyRevoked);

const later = (policy: Policy<SSHUserAuthRequest>, request: SSHUserAuthRequest): Promise<Verdict<SSHUserAuthRequest>> =>
  firstValueFrom(policy(of(consider<SSHUserAuthRequest>(request))));

describe('revokedKeys', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({
    name: 'revokedKeys',
    make: (options) => revokedKeys(text, options),
    decides: proven(revoked),
    spares: proven(good),
  });

  it(
    'denies keys on the list, and leaves others open, at once',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const values = {
        r: consider<SSHUserAuthRequest>(proven(revoked)),
        o: consider<SSHUserAuthRequest>(offered(revoked)),
        g: consider<SSHUserAuthRequest>(proven(good)),
        R: refused(proven(revoked)),
        O: refused(offered(revoked)),
      };
      const source = hot('  -r-o-g-(rog)|', values);
      const expected = '    -R-O-g-(ROg)|';
      const subs = '        ^-----------!';

      expectObservable(source.pipe(revokedKeys(text))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('denies what others have granted, and wrong signatures', () => {
    expect(answersTo<SSHUserAuthRequest>(revokedKeys(text), granted(proven(revoked)))).toEqual([
      refused(proven(revoked)),
    ]);
    expect(decisionOn<SSHUserAuthRequest>(revokedKeys(text), refuted(revoked))).toEqual(refused(refuted(revoked)));
  });

  it.each(Object.entries(authRequests).filter(([, { method }]) => method !== 'publickey'))(
    'leaves requests of another kind open: %s',
    (_kind, request) => {
      expect(decisionOn(revokedKeys(text), request)).toEqual(consider(request));
    },
  );

  it('denies certificates of revoked keys and by revoked authorities', () => {
    const authority = makeWireKey();
    const user = makeWireKey();
    const request = proven(authKeyOf(makeCertificate({ key: user.blob, authority })));
    for (const blob of [authority.blob, user.blob]) {
      expect(decisionOn<SSHUserAuthRequest>(revokedKeys(lineOf(authKeyOf(blob))), request)).toEqual(refused(request));
    }
    expect(decisionOn<SSHUserAuthRequest>(revokedKeys(text), request)).toEqual(consider(request));
    expect(decisionOn<SSHUserAuthRequest>(revokedKeys(good.fingerprint), proven(good))).toEqual(refused(proven(good)));
    expect(decisionOn<SSHUserAuthRequest>(revokedKeys(Buffer.from(text)), proven(revoked))).toEqual(
      refused(proven(revoked)),
    );
  });

  describe('with a file', () => {
    const makeFile = async (content: string): Promise<string> => {
      const folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-revoked-'));
      onTestFinished(() => rm(folder, { recursive: true, force: true }));
      const file = path.join(folder, 'revoked_keys');
      await writeFile(file, content);
      return file;
    };

    it('goes by what the file holds when the key is shown', async () => {
      const file = await makeFile(text);
      const policy = revokedKeys({ file });
      expect(await later(policy, proven(revoked))).toEqual(refused(proven(revoked)));
      expect((await later(policy, proven(good))).state).toBe('open');

      await writeFile(`${file}.new`, `# another\n${lineOf(good)}`);
      await rename(`${file}.new`, file);
      const answers = await Promise.all([later(policy, proven(good)), later(policy, proven(revoked))]);
      expect(answers).toEqual([refused(proven(good)), consider(proven(revoked))]);
    });

    it('denies every key while the file is gone or cannot be understood, and recovers', async () => {
      const file = await makeFile(text);
      const policy = revokedKeys({ file });
      await rm(file);
      expect(await later(policy, proven(good))).toMatchObject({
        state: 'denied',
        reason: DenyReason.PolicyFailed,
        cause: expect.objectContaining({ code: 'ENOENT' }) as unknown,
      });

      await writeFile(file, 'no list at all');
      expect(await later(policy, proven(good))).toMatchObject({ state: 'denied', reason: DenyReason.PolicyFailed });
      expect(await later(policy, proven(good))).toMatchObject({ state: 'denied', reason: DenyReason.PolicyFailed });

      await writeFile(file, text);
      expect((await later(policy, proven(good))).state).toBe('open');
    });

    it('throws when it is made if the file is not there, or no list', async () => {
      const file = await makeFile('no list at all');
      const complaint = (about: string): unknown =>
        expect.objectContaining({ message: expect.stringContaining(about) as unknown });
      expect(() => revokedKeys({ file })).toThrow(
        complaint('revokedKeys: source cannot be used, since this is no list of revoked keys: line 1 is neither'),
      );
      expect(() => revokedKeys({ file: `${file}.none` })).toThrow(complaint('ENOENT'));
    });
  });
});
