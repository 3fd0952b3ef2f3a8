import { NEVER } from 'rxjs';
import { expect, it } from 'vitest';

import { DenyReason } from '../../src/streams/deny-reason.js';
import { consider, decline, deny, serveWith, type Verdict, withContext, withLease } from '../../src/streams/verdict.js';
import { policyContext } from '../../src/testing/policy-context.js';

type Asked = { readonly name: string };

const open: Verdict<Asked> = consider({ name: 'asked' });
const { request } = open;
const former = policyContext();

const verdicts: Readonly<Record<string, Verdict<Asked>>> = {
  open,
  'open with a lease': withLease(open, NEVER),
  declined: decline(open, 'somebody', DenyReason.BadCredential),
  'of another policy': consider(request, former),
  granted: { state: 'granted', request, leases: [NEVER], by: 'somebody' },
  served: serveWith(open, 'somebody', () => undefined),
  challenged: { state: 'granted', request, leases: [], by: 'somebody', challenge: { prompts: [] } },
  'to be changed': { state: 'granted', request, leases: [], by: 'somebody', passwordChange: { prompt: 'New: ' } },
  denied: deny(open, 'somebody', DenyReason.NotPermitted, new Error('broken')),
};

it.each(Object.entries(verdicts))(
  'a verdict with a context has everything that it had before: %s',
  (_form, verdict) => {
    const context = policyContext();

    expect(withContext(verdict, context)).toStrictEqual({ ...verdict, context });
  },
);

it.each(Object.entries(verdicts))('a lease changes nothing else of a verdict: %s', (_form, verdict) => {
  const context = policyContext();
  const before = withContext(verdict, context);
  const leases = before.state === 'denied' ? {} : { leases: [...before.leases, NEVER] };

  expect(withLease(before, NEVER)).toStrictEqual({ ...before, ...leases });
  expect(withLease(verdict, NEVER)).toStrictEqual(
    verdict.state === 'denied' ? verdict : { ...verdict, leases: [...verdict.leases, NEVER] },
  );
});
