import { constants } from 'node:os';

import { describe, expect, it } from 'vitest';

import { exitReportOf } from '../../src/streams/exit-signal.js';

/** RFC 4254 section 6.10. */
const KNOWN = ['ABRT', 'ALRM', 'FPE', 'HUP', 'ILL', 'INT', 'KILL', 'PIPE', 'QUIT', 'SEGV', 'TERM', 'USR1', 'USR2'];

describe('exitReportOf', () => {
  it.each(KNOWN)('SIG%s is told as it is, with SIG or without', (name) => {
    expect(exitReportOf(name)).toEqual({ signal: name });
    expect(exitReportOf(`SIG${name}`)).toEqual({ signal: name });
  });

  it('every other signal of this machine is the status that a shell would give', () => {
    const others = Object.entries(constants.signals).filter(([name]) => !KNOWN.includes(name.slice(3)));
    expect(others.length).toBeGreaterThan(5);

    for (const [name, number] of others) expect(exitReportOf(name)).toEqual({ status: 128 + number });
  });

  it.each(['NONSENSE', '', 'SIG', 'sigterm', '__proto__', 'constructor'])(
    '%j, which is no signal, is status 255',
    (name) => {
      expect(exitReportOf(name)).toEqual({ status: 255 });
    },
  );
});
