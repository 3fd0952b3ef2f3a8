import { spawnSync } from 'node:child_process';

/** The algorithms that a server put on offer, as `ssh -vv` prints them. */
export interface SeenOffer {
  readonly keyExchange: readonly string[];
  readonly hostKeys: readonly string[];
  readonly ciphers: readonly string[];
  readonly macs: readonly string[];
  readonly compression: readonly string[];
}

/** Reads the server's offer from what `ssh -vv` wrote to standard error. */
export function readOffer(verboseOutput: string): SeenOffer {
  const proposal = verboseOutput.split('peer server KEXINIT proposal')[1] ?? '';
  const list = (title: string): readonly string[] => {
    const names = new RegExp(`^debug2: ${title}: (.*?)\\r?$`, 'mu').exec(proposal)?.[1];
    if (names === undefined) throw new Error(`ssh printed no ${title} of the server:\n${verboseOutput}`);
    return names.split(',');
  };
  return {
    keyExchange: list('KEX algorithms'),
    hostKeys: list('host key algorithms'),
    ciphers: list('ciphers stoc'),
    macs: list('MACs stoc'),
    compression: list('compression stoc'),
  };
}

/** What `ssh -Q` lists: the algorithms that this client knows. Empty if there is no such program. */
export function knownAlgorithms(
  program: string,
  query: 'cipher' | 'kex' | 'mac' | 'HostKeyAlgorithms',
): readonly string[] {
  const { stdout } = spawnSync(program, ['-Q', query], { encoding: 'utf8' });
  // Undefined, whatever its type says, where the program could not be started.
  return ((stdout as string | null) ?? '').split('\n').filter((name) => name !== '');
}
