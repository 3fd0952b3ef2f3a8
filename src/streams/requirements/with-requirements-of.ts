import type { Verdict } from '../verdict.js';

/** `verdict` with what `others`, which are about the same request, require beside it: a policy that asks several loses nothing. */
export function withRequirementsOf<V extends Verdict<unknown>>(verdict: V, others: readonly Verdict<unknown>[]): V {
  if (others.every(({ requires }) => requires === undefined)) return verdict;
  const requires = new Set([...others, verdict].flatMap((it) => it.requires ?? []));
  return requires.size === verdict.requires?.length ? verdict : { ...verdict, requires: [...requires] };
}
