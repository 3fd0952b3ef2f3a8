import { describe, expect, it } from 'vitest';

import { allowFrom } from '../../../../src/handlers/policies/access/allow-from.js';
import { denyFrom } from '../../../../src/handlers/policies/access/deny-from.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import { consider } from '../../../../src/streams/verdict.js';
import { marbles } from '../../../support/marbles.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock } from '../requests.js';
import { answersTo, decisionOn, deniedBy, granted } from '../verdicts.js';

const inside = knock('192.0.2.7');
const outside = knock('203.0.113.9');
const unknown = knock('');
const office = ['192.0.2.0/24', '2001:db8::/32'];

const open = { i: consider<ConnectionRequest>(inside), o: consider<ConnectionRequest>(outside) };
const refused = (by: string, request: ConnectionRequest) => deniedBy(by, request, DenyReason.AddressNotAllowed);

describe('allowFrom', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'allowFrom',
    make: (options) => allowFrom(office, options),
    decides: outside,
    spares: inside,
  });

  it(
    'denies those who are not on the list and grants nobody',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const values = { ...open, O: refused('allowFrom', outside) };
      const source = hot('  -i-o-(io)|', values);
      const expected = '    -i-O-(iO)|';
      const subs = '        ^--------!';

      expectObservable(source.pipe(allowFrom(office))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('denies what an earlier policy granted', () => {
    expect(answersTo(allowFrom(office), granted(outside))).toEqual([refused('allowFrom', outside)]);
  });

  it('lets in every address by a star, and nobody by an empty list', () => {
    expect(decisionOn(allowFrom(['*']), outside)).toEqual(open.o);
    expect(decisionOn(allowFrom([]), inside)).toEqual(refused('allowFrom', inside));
  });

  it('denies a client whose address is unknown, even by a star', () => {
    expect(decisionOn(allowFrom(['*']), unknown)).toEqual(refused('allowFrom', unknown));
  });

  it('names the entry that it cannot read', () => {
    expect(() => allowFrom(['192.0.2.0/24', '192.0.2.300'])).toThrow(
      optionError(
        "allowFrom: list has an entry that cannot be used, since it is neither an address nor a CIDR block, got '192.0.2.300'",
      ),
    );
    // @ts-expect-error the list is an array
    expect(() => allowFrom('192.0.2.0/24')).toThrow(
      optionError("allowFrom: list must be an array of addresses, got '192.0.2.0/24'"),
    );
  });
});

describe('denyFrom', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'denyFrom',
    make: (options) => denyFrom(office, options),
    decides: inside,
    spares: outside,
  });

  it(
    'denies those who are on the list and grants nobody',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const values = { ...open, I: refused('denyFrom', inside) };
      const source = hot('  -i-o-(io)|', values);
      const expected = '    -I-o-(Io)|';
      const subs = '        ^--------!';

      expectObservable(source.pipe(denyFrom(office))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('denies what an earlier policy granted', () => {
    expect(answersTo(denyFrom(office), granted(inside))).toEqual([refused('denyFrom', inside)]);
  });

  it('denies nobody whose address is known by an empty list, and everybody by a star', () => {
    expect(decisionOn(denyFrom([]), inside)).toEqual(open.i);
    expect(decisionOn(denyFrom(['*']), outside)).toEqual(refused('denyFrom', outside));
  });

  it('denies a client whose address is unknown, since it may be on the list', () => {
    expect(decisionOn(denyFrom([]), unknown)).toEqual(refused('denyFrom', unknown));
  });

  it('names the entry that it cannot read', () => {
    expect(() => denyFrom(['10.0.0.1/8'])).toThrow(
      optionError(
        "denyFrom: list has an entry that cannot be used, since it has bits set beyond the first 8, got '10.0.0.1/8'",
      ),
    );
  });
});
