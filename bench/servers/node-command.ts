import { fileURLToPath, URL } from 'node:url';

/** The command line of a Node server: this very Node executable, the collector on signal, nothing else. */
export function nodeCommand(script: string): [string, ...string[]] {
  const preload = new URL('gc-on-signal.mjs', import.meta.url).href;
  return [process.execPath, '--expose-gc', '--import', preload, script];
}

/** Absolute path of a file given relative to the folder of `bench`. */
export function benchPath(relative: string): string {
  return fileURLToPath(new URL(`../${relative}`, import.meta.url));
}
