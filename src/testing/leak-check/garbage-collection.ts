import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** Collects garbage now, all of it. Needs no flag at the start of the process. */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    // Contexts made from now on have it under this name.
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
