import { AsyncSubject, catchError, defer, type Observable, of, throwError, timeout } from 'rxjs';

import { SshServerError } from '../../../errors.js';
import type { Clock } from '../../../streams/clock.js';
import type { HostNameResolver } from './host-name-resolver.js';
import { ExpiringMap } from '../expiring-map.js';
import { hostName } from './host-name.js';
import { readIpAddress } from './ip-address.js';
import { isNameAbsent } from './is-name-absent.js';
import { hasMethods, requireCount, requireDuration } from '../option-checks.js';
import { type ClockOption, requireClock } from '../policy-clock.js';
import { policyOptionError } from '../policy-option-error.js';
import { systemResolver } from './system-resolver.js';

/** Options of a policy whose patterns may be host names. Without such patterns nothing is looked up. */
export interface NameLookupOptions extends ClockOption {
  /** Who is asked for names. Default the name servers of this machine, without its `/etc/hosts`. */
  readonly resolver?: HostNameResolver;
  /** How long a client waits for its name, in milliseconds, all questions together. Default 2000. */
  readonly lookupTimeoutMs?: number;
  /** How long an answer is remembered, in milliseconds, also that there is no name. Default 60 000. Failures are not. */
  readonly cacheMs?: number;
  /** Addresses remembered at once; past it the one looked up first is forgotten. Default 10 000. */
  readonly maxAddresses?: number;
  /** Lookups at once. Clients beyond that are denied, with `DenyReason.LimitReached`. Default 100. */
  readonly maxLookups?: number;
}

/** What is known of the name of a client. */
export interface VerifiedNames {
  /** Names of the address that have this address, in the form of {@link hostName}. */
  readonly names: readonly string[];
  /** Present if a question failed, so that there may be more names. */
  readonly failure?: unknown;
}

/** The names that are verified for one address. One that claims more has none: its owner chose their number, too. */
const MAX_NAMES = 10;

/**
 * Finds the verified names of addresses: those that the owner of the address claims, and whose owner confirms the claim.
 *
 * Clients choose the addresses and the time, so each address is looked up once at a time, few are at once, and what is
 * remembered is bounded.
 */
export class NameLookup {
  readonly #resolver: HostNameResolver;
  readonly #timeoutMs: number;
  readonly #maxLookups: number;
  readonly #remembered: ExpiringMap<VerifiedNames>;
  readonly #pending = new Map<string, Observable<VerifiedNames>>();

  /** @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if an option is out of range. */
  constructor(policy: string, options: NameLookupOptions) {
    const { lookupTimeoutMs = 2_000, cacheMs = 60_000, maxAddresses = 10_000, maxLookups = 100 } = options;
    requireDuration(policy, 'lookupTimeoutMs', lookupTimeoutMs);
    requireDuration(policy, 'cacheMs', cacheMs);
    requireCount(policy, 'maxAddresses', maxAddresses);
    requireCount(policy, 'maxLookups', maxLookups);
    requireClock(policy, options);
    const { resolver = systemResolver() } = options;
    if (!hasMethods(resolver, 'reverse', 'resolve')) {
      throw policyOptionError(policy, 'resolver', 'must be a HostNameResolver', resolver);
    }
    this.#resolver = resolver;
    this.#timeoutMs = lookupTimeoutMs;
    this.#maxLookups = maxLookups;
    this.#remembered = new ExpiringMap({ forMs: cacheMs, maxKeys: maxAddresses });
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#remembered.size;
  }

  /**
   * The verified names of an address: at once if they are remembered, undefined if too many others are being looked up.
   *
   * What is answered later never errors.
   */
  namesOf(address: string, clock: Clock): VerifiedNames | Observable<VerifiedNames> | undefined {
    const remembered = this.#remembered.get(address, clock.now());
    if (remembered !== undefined) return remembered;
    const pending$ = this.#pending.get(address);
    if (pending$ !== undefined) return pending$;
    return this.#pending.size < this.#maxLookups ? this.#lookUp(address, clock) : undefined;
  }

  #lookUp(address: string, clock: Clock): Observable<VerifiedNames> {
    // Whoever asked first may leave before the answer is there; the others wait for it.
    const answer = new AsyncSubject<VerifiedNames>();
    const answer$ = answer.asObservable();
    this.#pending.set(address, answer$);
    const tooLate = (): Observable<never> =>
      throwError(() => failed(`looking up the name of ${address} took longer than ${String(this.#timeoutMs)} ms`));
    let over = false;
    defer(() => this.#verify(address, () => over))
      .pipe(
        timeout({ first: this.#timeoutMs, scheduler: clock.scheduler, with: tooLate }),
        catchError((cause: unknown) =>
          of<VerifiedNames>({ names: [], failure: cause ?? failed(`looking up the name of ${address} failed`) }),
        ),
      )
      .subscribe((names) => {
        over = true;
        this.#pending.delete(address);
        if (names.failure === undefined) this.#remembered.set(address, names, clock.now());
        answer.next(names);
        answer.complete();
      });
    return answer$;
  }

  async #verify(address: string, isOver: () => boolean): Promise<VerifiedNames> {
    const claimed = await unlessAbsent(() => this.#resolver.reverse(address));
    // What is no host name, an address for one, could pass for what it is not.
    const names = [...new Set(claimed.flatMap((name) => hostName(name) ?? []))];
    if (isOver() || names.length > MAX_NAMES) return { names: [] };

    const answers = await Promise.allSettled(names.map((name) => unlessAbsent(() => this.#resolver.resolve(name))));
    const verified: string[] = [];
    let failure: unknown;
    for (const [index, answer] of answers.entries()) {
      const name = names[index] ?? '';
      if (answer.status === 'rejected') failure ??= answer.reason ?? failed(`looking up ${name} failed`);
      else if (answer.value.some((found) => readIpAddress(found)?.address === address)) verified.push(name);
    }
    return { names: verified, ...(failure === undefined ? {} : { failure }) };
  }
}

async function unlessAbsent(ask: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await ask();
  } catch (failure) {
    if (isNameAbsent(failure)) return [];
    throw failure;
  }
}

const failed = (message: string): SshServerError => new SshServerError('ERR_SSH_POLICY_FAILED', message);
