import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { idleTimeout, type IdleTimeoutOptions } from '../../../../src/handlers/policies/lifetime/idle-timeout.js';
import type { SSHChannelRequest } from '../../../../src/streams/events/ssh-channel-request.js';
import type { LeaseSignal } from '../../../../src/streams/lease.js';
import { channelRequest } from '../../../../src/testing/channel-request.js';
import { held } from '../../../../src/testing/held.js';
import { marbles } from '../../../../src/testing/marbles.js';
import { beginGrant } from '../begin-grant.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { signalsOf } from '../signals-of.js';
import { decisionOn } from '../verdicts.js';
import { virtualTime } from '../virtual-time.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const request = channelRequest.shell();

const tenMinutes = (options: Partial<IdleTimeoutOptions> = {}) =>
  idleTimeout<SSHChannelRequest>({ idleMs: 10 * MINUTE, ...options });

const warning = (left: string): LeaseSignal => ({
  type: 'warn',
  message: `This session ends in ${left} unless it is used`,
});
const revocation: LeaseSignal = {
  type: 'revoke',
  reason: 'this session was not used for 10 minutes',
  by: 'idleTimeout',
  graceMs: 0,
};

function startShell(options: Partial<IdleTimeoutOptions> = {}) {
  const time = virtualTime();
  const channel = held({ clock: time.clock });
  return { time, channel, grant: beginGrant(decisionOn(tenMinutes(options), request), channel) };
}

describe('idleTimeout', () => {
  obeysTheLawsOfPolicies<SSHChannelRequest>({
    name: 'idleTimeout',
    make: tenMinutes,
    decides: request,
    leases: 1,
  });

  it(
    'warns and ends what is not used, and warns again after use behind a warning',
    marbles(({ clock, events, expectEvents }) => {
      const shell = held({ clock });
      const verdict = decisionOn(tenMinutes({ idleMs: 10, warnBeforeMs: 4, graceMs: 5 }), request);
      events('              -i-----o-i--------------').subscribe((way) => {
        if (way === 'i') shell.receive(1);
        else shell.send(1);
      });
      //                    used at 1, quiet until 7; used at 7 and 9; quiet until 15
      const expected = '    ---------------w---(r|)';
      expectEvents(signalsOf(verdict, shell)).toBe(expected, {
        w: warning('less than a second'),
        r: { ...revocation, reason: 'this session was not used for less than a second', graceMs: 5 },
      });
    }),
  );

  it('ends in the last millisecond and not before, whichever way the last payload went', () => {
    for (const way of ['receive', 'send'] as const) {
      const { time, channel, grant } = startShell({ warnBeforeMs: 0 });
      time.advance(9 * MINUTE);
      channel[way](1);
      time.advance(10 * MINUTE - 1);
      expect(grant.signals).toEqual([]);
      time.advance(1);

      expect(grant.signals).toEqual([revocation]);
      expect(time.timers).toBe(0);
    }
  });

  it('warns a minute before, and a fifth of the time before if that is shorter', () => {
    const long = startShell();
    long.time.advance(9 * MINUTE);
    expect(long.grant.signals).toEqual([warning('1 minute')]);

    const short = startShell({ idleMs: MINUTE });
    short.time.advance(48 * SECOND - 1);
    expect(short.grant.signals).toEqual([]);
    short.time.advance(1);

    expect(short.grant.signals).toEqual([warning('12 seconds')]);
  });

  it('warns of each idle phase anew, in its time, even if most of a phase is warning', () => {
    const { time, channel, grant } = startShell({ warnBeforeMs: 8 * MINUTE });
    time.advance(2 * MINUTE);
    expect(grant.signals).toHaveLength(1);
    time.advance(MINUTE);
    channel.send(1);
    time.advance(2 * MINUTE - 1);
    expect(grant.signals).toHaveLength(1);
    time.advance(1);
    expect(grant.signals).toEqual([warning('8 minutes'), warning('8 minutes')]);
    time.advance(8 * MINUTE);

    expect(grant.signals.at(-1)).toEqual(revocation);
  });

  it('does not take its own warning, which is written to the channel, for use', () => {
    const time = virtualTime();
    const channel = held({ clock: time.clock });
    const signals: LeaseSignal[] = [];
    signalsOf(decisionOn(tenMinutes(), request), channel).subscribe((signal) => {
      signals.push(signal);
      if (signal.type === 'warn') channel.send(signal.message.length);
    });
    time.advance(10 * MINUTE);

    expect(signals).toEqual([warning('1 minute'), revocation]);
  });

  it('sets one timer, however many packets come', () => {
    const { time, channel } = startShell();
    for (let packet = 0; packet < 1000; packet += 1) {
      time.advance(10);
      channel.receive(1);
    }

    expect(time.timers).toBe(1);
  });

  it('listens to the payload no longer than the session lives, and leaves no timer behind', () => {
    const { time, channel, grant } = startShell();
    const reading = time.clock.now;
    let readings = 0;
    Object.assign(time.clock, {
      now: () => {
        readings += 1;
        return reading();
      },
    });
    time.advance(9 * MINUTE);
    grant.end();
    readings = 0;
    channel.receive(1);

    expect(readings).toBe(0);
    expect(time.timers).toBe(0);
  });

  it('ends exactly the idle time after the last use, and says so before, whatever the use', () => {
    const cases = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 40 });
    fc.assert(
      fc.property(cases, fc.integer({ min: 0, max: 29 }), (pauses, warnBeforeMs) => {
        const { time, channel, grant } = startShell({ idleMs: 30, warnBeforeMs });
        let warnings = 0;
        let ended = false;
        for (const pause of pauses) {
          time.advance(pause);
          // Use in the very millisecond of a timer comes after it here.
          if (!ended && warnBeforeMs > 0 && pause >= 30 - warnBeforeMs) warnings += 1;
          ended ||= pause >= 30;
          if (!ended) channel.receive(1);
        }

        expect(grant.revoked).toBe(ended);
        expect(grant.signals.filter(({ type }) => type === 'warn')).toHaveLength(warnings);
      }),
    );
  });

  it.each([
    [{ idleMs: 0 }, 'idleMs must be a finite number of milliseconds above 0, got 0'],
    [{ idleMs: Infinity }, 'idleMs must be a finite number of milliseconds above 0, got Infinity'],
    [{ warnBeforeMs: 10 * MINUTE }, 'warnBeforeMs must be below 600000, got 600000'],
    [{ graceMs: Infinity }, 'graceMs must be from 0 to 86400000, got Infinity'],
  ])('refuses %o when it is made', (options, message) => {
    expect(() => tenMinutes(options)).toThrow(optionError(`idleTimeout: ${message}`));
  });

  it('asks for nothing on requests that start no program', () => {
    expect(decisionOn(tenMinutes(), channelRequest.pty())).toMatchObject({ state: 'open', leases: [] });
  });
});
