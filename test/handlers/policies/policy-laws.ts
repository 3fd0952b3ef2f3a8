import { expect, it } from 'vitest';

import type { PolicyOptions } from '../../../src/handlers/policies/policy-options.js';
import type { Policy } from '../../../src/streams/policy.js';
import { consider } from '../../../src/streams/verdict.js';
import { marbles } from '../../support/marbles.js';
import { answersTo, denied, granted, lease, leased } from './verdicts.js';

/** A policy of the catalogue, to be put to the test. */
export interface LawfulPolicy<R> {
  /** The name of its function, which is its default name. */
  readonly name: string;
  readonly make: (options: PolicyOptions) => Policy<R>;
  /** What it decides at once. */
  readonly decides: R;
  /** What it would not deny. Default: what it decides. */
  readonly spares?: R;
  /** How many leases it attaches to what it spares, and to what it decides unless it denies that. Default none. */
  readonly leases?: number;
}

/** Declares the tests that every policy has to pass. */
export function obeysTheLawsOfPolicies<R>({
  name,
  make,
  decides,
  spares = decides,
  leases = 0,
}: LawfulPolicy<R>): void {
  const setUp = (): Policy<R> => make({});
  const attached: readonly unknown[] = Array.from({ length: leases }, (): unknown => expect.anything());

  it(
    'passes denied verdicts untouched and in their place',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const values = { d: denied(decides), g: granted(spares) };
      const answers = { ...values, g: { ...values.g, leases: [...values.g.leases, ...attached] } };
      const source = hot('  -d-(gd)-d-|', values);
      const expected = '    -d-(gd)-d-|';
      const subs = '        ^---------!';

      expectObservable(source.pipe(setUp())).toBe(expected, answers);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('leaves granted verdicts as they are, but for leases of its own, unless it denies them', () => {
    const verdict = granted(spares);

    expect(answersTo(setUp(), verdict)).toEqual([{ ...verdict, leases: [...verdict.leases, ...attached] }]);
  });

  it('keeps the leases of an open verdict', () => {
    const [verdict] = answersTo(setUp(), leased(spares));

    expect(verdict).toMatchObject({ leases: [lease, ...attached] });
  });

  it('answers each request once and about the same request', () => {
    const [verdict, ...more] = answersTo(setUp(), consider(decides));

    expect(verdict?.request).toBe(decides);
    expect(more).toEqual([]);
  });

  it(
    'errors when its source errors',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const values = { d: denied(decides) };
      const source = hot('  -d-#', values);
      const expected = '    -d-#';
      const subs = '        ^--!';

      expectObservable(source.pipe(setUp())).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it(
    'waits as long as a source that never completes',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const values = { d: denied(decides) };
      const source = hot('  -d-----', values);
      const expected = '    -d-----';
      const subs = '        ^------';

      expectObservable(source.pipe(setUp())).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it(
    'lets go of its source when unsubscribed early',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const values = { d: denied(decides) };
      const source = hot('  -d---d-|', values);
      const expected = '    -d----';
      const unsub = '       ---!';
      const subs = '        ^--!';

      expectObservable(source.pipe(setUp()), unsub).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it.each(['', ' '])('refuses the name %j when it is made', (empty) => {
    expect(() => make({ name: empty })).toThrow(
      expect.objectContaining({
        code: 'ERR_SSH_POLICY_OPTION',
        message: `${name}: name must not be empty, got '${empty}'`,
      }),
    );
  });
}

/** The error of an option that is out of range, with all of its message. */
export const optionError = (message: string): unknown =>
  expect.objectContaining({ code: 'ERR_SSH_POLICY_OPTION', message });
