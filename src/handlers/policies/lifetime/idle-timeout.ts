import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { LeaseSignal } from '../../../streams/lease.js';
import { PlainLease } from '../../../streams/plain-lease.js';
import type { Policy } from '../../../streams/policy.js';
import { deadline } from './deadline.js';
import { type DeadlineOptions, endingOf } from './ending-options.js';
import { isLasting } from './is-lasting.js';
import { leaseEach } from '../lease-each.js';
import { LongWait } from '../long-wait.js';
import { requireDuration, requireObject } from '../option-checks.js';
import { sharedLease } from './shared-lease.js';
import { spokenDuration } from './spoken-duration.js';

/** Options of {@link idleTimeout}. */
export interface IdleTimeoutOptions extends DeadlineOptions {
  /** How long no payload may come or go, in milliseconds. */
  readonly idleMs: number;
  /**
   * How long before the end users are warned, in milliseconds; a list for several warnings, 0 for none. Below `idleMs`.
   * Default a fifth of `idleMs`, at most a minute.
   */
  readonly warnBeforeMs?: number | readonly number[];
}

const LONGEST_DEFAULT_WARNING_MS = 60_000;

/**
 * Ends what was granted once no payload has come or gone for `idleMs`.
 *
 * On authentication requests that is the connection, with the payload of all its channels; on channel requests the
 * channel alone, from the start of its program on. Keepalives, window updates and key exchanges are no payload, so a client that is only
 * kept open ends all the same; and a connection without any channel is idle. After use behind a warning, the next idle time is warned of
 * again. Denies nothing, grants nothing; takes back what was granted.
 *
 * @example
 * ```ts
 * const idle = idleTimeout<SSHUserAuthRequest>({ idleMs: 15 * 60_000, graceMs: 5000 });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is out of range.
 * @see {@link sessionLimit} for a limit that use does not extend.
 */
export function idleTimeout<R extends SshRequest>(options: IdleTimeoutOptions): Policy<R> {
  requireObject('idleTimeout', 'options', options);
  const { idleMs, warnBeforeMs = Math.min(LONGEST_DEFAULT_WARNING_MS, idleMs / 5) } = options;
  requireDuration('idleTimeout', 'idleMs', idleMs);
  const ending = endingOf('idleTimeout', { ...options, warnBeforeMs }, idleMs);
  const quietMs = idleMs - (ending.warnBeforeMs[0] ?? 0);
  const texts = {
    warning: (leftMs: number) => `This session ends in ${spokenDuration(leftMs)} unless it is used`,
    reason: `this session was not used for ${spokenDuration(idleMs)}`,
  };

  const leaseOf = sharedLease(
    () => (held) =>
      new PlainLease((say) => {
        const clock = options.clock ?? held.clock;
        let usedAt = clock.now();
        let warns = false;
        let isOver = false;
        const wait = new LongWait(clock);
        /** The warnings and the end of an idle time. */
        let stopSpeaking: (() => void) | undefined;

        const speak = (signal: LeaseSignal): void => {
          // A warning is written to the very channel that it is about, and must not count as its use.
          warns = true;
          say(signal);
          warns = false;
        };
        /** One timer up to the first warning; if there was use meanwhile, the next one waits for the rest. */
        const waitForQuiet = (): void => {
          const since = usedAt;
          wait.until(since + quietMs, () => {
            if (usedAt !== since) {
              waitForQuiet();
              return;
            }
            const stop = deadline(clock, since + idleMs, ending, texts).begin(speak);
            // It may be over by now.
            if (isOver) stop();
            else stopSpeaking = stop;
          });
        };
        // The hot path: every packet comes through here, and leaves nothing but its time.
        const watching = held.activity.subscribe(() => {
          if (warns) return;
          usedAt = clock.now();
          if (stopSpeaking === undefined) return;
          stopSpeaking();
          stopSpeaking = undefined;
          waitForQuiet();
        });
        waitForQuiet();
        return () => {
          isOver = true;
          watching.unsubscribe();
          wait.unsubscribe();
          stopSpeaking?.();
        };
      }),
  );
  return leaseEach<R>(ending.by, (verdict) => (isLasting(verdict.request) ? leaseOf(verdict.request) : undefined));
}
