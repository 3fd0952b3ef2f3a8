import type { Invariant } from './invariant.js';

/** Long after the last client has left, nothing of it is there any more. */
export const nothingLeaks: Invariant = {
  name: 'nothing leaks',
  *check({ left }) {
    if (left.connections > 0) yield `${String(left.connections)} connections are left`;
    if (left.timers > 0) yield `${String(left.timers)} timers still wait`;
  },
};
