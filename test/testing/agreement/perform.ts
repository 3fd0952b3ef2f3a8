import type { AccountRecord } from './account-record.js';
import { type Act, ANN, type Stage } from './scenario.js';

/** Plays to the end, which is the end of the server. */
export async function perform(stage: Stage, acts: readonly Act[], record: AccountRecord): Promise<void> {
  for (const act of acts) {
    if (typeof act === 'function') await act(stage);
    else await stage.take(ANN, act);
    // What an act has set going, such as an answer that it gave.
    await stage.pass(0);
  }
  record.endActs();
  const shutdown = stage.server.shutdown();
  await stage.pass(0);
  await shutdown;
}
