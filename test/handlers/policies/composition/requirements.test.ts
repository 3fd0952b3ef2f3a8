import fc from 'fast-check';
import { of, tap, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { uniformDelay } from '../../../../src/handlers/policies/abuse/uniform-delay.js';
import { requireMethods } from '../../../../src/handlers/policies/authentication/require-methods.js';
import { allOf } from '../../../../src/handlers/policies/composition/all-of.js';
import { anyOf } from '../../../../src/handlers/policies/composition/any-of.js';
import { approval } from '../../../../src/handlers/policies/composition/approval.js';
import { forSources } from '../../../../src/handlers/policies/composition/for-sources.js';
import { forUsers } from '../../../../src/handlers/policies/composition/for-users.js';
import { named } from '../../../../src/handlers/policies/composition/named.js';
import { shadow } from '../../../../src/handlers/policies/composition/shadow.js';
import { when } from '../../../../src/handlers/policies/composition/when.js';
import { clockOf } from '../../../../src/streams/clock.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { authRequirement } from '../../../../src/streams/requirements/parse-auth-requirement.js';
import { consider, withRequirement } from '../../../../src/streams/verdict.js';
import { abstains, declines, denies, grants } from '../members.js';
import { password } from '../requests.js';

type AuthPolicy = Policy<SSHUserAuthRequest>;

/** Policies in policies, as data. */
type Plan =
  | { readonly requires: string }
  | { readonly says: 'grant' | 'deny' | 'decline' | 'nothing' }
  | { readonly approves: boolean; readonly grants: boolean }
  | { readonly several: 'allOf' | 'anyOf' | 'row'; readonly of: readonly Plan[] }
  | { readonly one: 'named' | 'forUsers' | 'forSources' | 'uniformDelay' | 'shadow'; readonly of: Plan }
  | { readonly when: boolean; readonly of: Plan; readonly otherwise: Plan };

const { plan: anyPlan } = fc.letrec<{ plan: Plan }>((tie) => {
  const plan = tie('plan');
  return {
    plan: fc.oneof(
      { maxDepth: 4 },
      fc.record({ requires: fc.constantFrom('publickey', 'password+totp', 'totp') }),
      fc.record({ says: fc.constantFrom('grant', 'deny', 'decline', 'nothing') }),
      fc.record({ approves: fc.boolean(), grants: fc.boolean() }),
      fc.record({
        several: fc.constantFrom('allOf', 'anyOf', 'row'),
        of: fc.array(plan, { minLength: 1, maxLength: 4 }),
      }),
      fc.record({ one: fc.constantFrom('named', 'forUsers', 'forSources', 'uniformDelay', 'shadow'), of: plan }),
      fc.record({ when: fc.boolean(), of: plan, otherwise: plan }),
    ),
  };
});

/** One request on its way through policies made of a plan. */
class Run {
  readonly scheduler = new VirtualTimeScheduler();
  /** Who has required something on the way, whatever became of that. */
  readonly requiring = new Set<string>();
  #policies = 0;

  policyOf(plan: Plan): AuthPolicy {
    if ('requires' in plan) return this.#requiring(plan.requires);
    if ('says' in plan) return SAYING[plan.says];
    if ('approves' in plan) return approval({ ask: () => plan.approves, grants: plan.grants });
    if ('when' in plan) return when(() => plan.when, this.policyOf(plan.of), this.policyOf(plan.otherwise));
    if ('several' in plan) {
      const members = plan.of.map((member) => this.policyOf(member));
      if (plan.several === 'allOf') return allOf(...members);
      if (plan.several === 'anyOf') return anyOf(...members);
      return (verdict$) => members.reduce((row$, member) => row$.pipe(member), verdict$);
    }
    switch (plan.one) {
      case 'named':
        return named('it', this.policyOf(plan.of));
      case 'forUsers':
        return forUsers(['ann'], this.policyOf(plan.of));
      case 'forSources':
        return forSources(['192.0.2.0/24'], this.policyOf(plan.of));
      case 'uniformDelay':
        return uniformDelay(this.policyOf(plan.of), { floorMs: 10, clock: clockOf(this.scheduler) });
      case 'shadow':
        // What is only tried out requires nothing.
        return shadow(new Run().policyOf(plan.of));
      default:
        return plan.one satisfies never;
    }
  }

  #requiring(expression: string): AuthPolicy {
    this.#policies += 1;
    const name = `policy ${String(this.#policies)}`;
    const policy = requireMethods(expression, { name });
    return (verdict$) =>
      verdict$.pipe(
        tap(({ state }) => {
          if (state !== 'denied') this.requiring.add(name);
        }),
        policy,
      );
  }
}

const SAYING: Readonly<Record<'grant' | 'deny' | 'decline' | 'nothing', AuthPolicy>> = {
  grant: grants('granting'),
  deny: denies('denying'),
  decline: declines('declining'),
  nothing: abstains(),
};

const before = authRequirement('hostbased', 'before');

describe('a requirement', () => {
  it('is lost in no combination of policies, whichever of them grants, denies or declines', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const run = new Run();
        const verdict = withRequirement(consider<SSHUserAuthRequest>(password('right')), before);
        const answers: string[][] = [];
        run
          .policyOf(plan)(of(verdict))
          .subscribe(({ requires = [] }) => answers.push(requires.map(({ by }) => by)));
        run.scheduler.flush();

        expect(answers.map((it) => it.sort())).toEqual([[before.by, ...run.requiring].sort()]);
      }),
      { numRuns: 1_000 },
    );
  });
});
