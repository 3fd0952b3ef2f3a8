import { fileURLToPath, URL } from 'node:url';

/**
 * Where V8 starts to collect the old generation, in MiB.
 *
 * Without it the figures of bulk transfer fall into two kinds, up to two times apart, by chance of the start: V8 counts the
 * buffers in flight towards the next full collection, and after a collection at start it runs one every 30 MB or so.
 */
const INITIAL_OLD_SPACE_MIB = 256;

/**
 * Keeps V8 from creating in the old generation what used to live long: dead connections there would keep what they point to from
 * being collected with the young. Of the 14 kB of a connection that says nothing 8 lived on for it, 1.5 without.
 */
const NO_PRETENURING = '--no-allocation-site-pretenuring';

/**
 * The command line of a Node server, the same for all of them: this very Node executable, the collector on signal, a
 * start heap that keeps the collector out of the figures, and no long life for what dies young.
 */
export function nodeCommand(script: string): [string, ...string[]] {
  const preload = new URL('gc-on-signal.mjs', import.meta.url).href;
  return [
    process.execPath,
    '--expose-gc',
    `--initial-old-space-size=${String(INITIAL_OLD_SPACE_MIB)}`,
    NO_PRETENURING,
    '--import',
    preload,
    script,
  ];
}

/** Absolute path of a file given relative to the folder of `bench`. */
export function benchPath(relative: string): string {
  return fileURLToPath(new URL(`../${relative}`, import.meta.url));
}
