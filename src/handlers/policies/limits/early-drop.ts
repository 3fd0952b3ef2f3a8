import { policyOptionError } from '../policy-option-error.js';

/** How connections are refused by chance, before there are too many. */
export interface EarlyDrop {
  /** From how many connections on. Integer, at least 1. */
  readonly start: number;
  /** How probable it is that a connection is refused at `start`, in percent: 1 to 100. Rises linearly to 100 at `full`. */
  readonly ratePercent: number;
  /** From how many connections on every further one is refused. Integer, at least `start`. */
  readonly full: number;
}

const SPEC = /^(\d+)(?::(\d+):(\d+))?$/;

/**
 * Reads what MaxStartups of sshd_config(5) takes: `start:rate:full`, or one number, from which on all are refused.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` for what sshd refuses as well: `start` or `rate` is 0, `rate` is
 * above 100, `full` is below `start`.
 */
export function readEarlyDrop(policy: string, spec: string | EarlyDrop): EarlyDrop {
  const drop = typeof spec === 'string' ? parse(spec) : spec;
  if (!isEarlyDrop(drop)) {
    throw policyOptionError(
      policy,
      'limit',
      'must be start:rate:full or { start, ratePercent, full }, with integers, start at least 1, a rate of 1 to 100 percent and full not below start',
      spec,
    );
  }
  // A copy, since what was checked must not change.
  const { start, ratePercent, full } = drop;
  return { start, ratePercent, full };
}

/**
 * How probable it is that one more connection is refused, in percent: an integer, rounded down as sshd does it.
 *
 * @param startups - how many there are already
 */
export function dropPercent({ start, ratePercent, full }: EarlyDrop, startups: number): number {
  if (startups < start) return 0;
  if (startups >= full) return 100;
  return ratePercent + Math.floor(((100 - ratePercent) * (startups - start)) / (full - start));
}

function parse(spec: string): EarlyDrop | undefined {
  const [, start, rate = '100', full = start] = SPEC.exec(spec) ?? [];
  return start === undefined ? undefined : { start: Number(start), ratePercent: Number(rate), full: Number(full) };
}

/** @param value - whatever JavaScript or a configuration file may hand over */
function isEarlyDrop(value: unknown): value is EarlyDrop {
  if (typeof value !== 'object' || value === null) return false;
  const { start, ratePercent, full } = value as { readonly [Field in keyof EarlyDrop]?: unknown };
  return isInteger(start, 1) && isInteger(ratePercent, 1) && ratePercent <= 100 && isInteger(full, start);
}

const isInteger = (value: unknown, least: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= least;
