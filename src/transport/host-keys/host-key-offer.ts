import type { AlgorithmLists } from '../algorithm-lists.js';
import { encodeOffer } from '../encode-offer.js';
import type { EngineHostKey, EngineOffer } from '../engine/ssh2-internals.js';
import { engineHostKey } from './engine-host-key.js';
import type { HostKeyAlgorithm } from './host-key-type.js';
import type { HostKey } from './host-key.js';

/** What a server proves itself with at one time. It never changes: new host keys are a new offer. */
export interface HostKeyOffer {
  /** Signature algorithms, most wanted first, each with the key that signs so. */
  readonly byAlgorithm: Readonly<Record<string, EngineHostKey>>;
  /** The KEXINIT that offers these. */
  readonly offer: EngineOffer;
  /** All keys that clients may find of use, each once: those of {@link byAlgorithm}, and others of the same types. */
  readonly keys: readonly HostKey[];
}

/** Makes the name of a signature algorithm that of the same with certificates (OpenSSH PROTOCOL.certkeys). */
const certificateAlgorithmOf = (algorithm: string): string => `${algorithm}-cert-v01@openssh.com`;

/**
 * Offers host keys under each of `lists.hostKeys`, in that order: the first that signs so. Algorithms that no key has are left out.
 * Certificates come before plain keys, since only clients that trust an authority ask for them.
 *
 * @param isValid - Whether a certificate may be shown now
 * @returns undefined if no key signs with any of the algorithms
 */
export function offerHostKeys(
  hostKeys: readonly HostKey[],
  lists: Omit<AlgorithmLists, 'publicKeySignatures'>,
  isValid: (certificate: NonNullable<HostKey['certificate']>) => boolean,
): HostKeyOffer | undefined {
  const used = lists.hostKeys.flatMap((algorithm) => {
    const key = hostKeys.find((it) => signsWith(it, algorithm));
    // Checked just now.
    return key === undefined ? [] : [{ key, algorithm: algorithm as HostKeyAlgorithm }];
  });
  if (used.length === 0) return undefined;
  const certified = used.flatMap(({ key, algorithm }) => {
    const { certificate } = key;
    if (certificate === undefined || !isValid(certificate)) return [];
    return [[certificateAlgorithmOf(algorithm), engineHostKey(key, algorithm, certificate.blob)] as const];
  });
  const plain = used.map(({ key, algorithm }) => [algorithm, engineHostKey(key, algorithm)] as const);
  const byAlgorithm = Object.fromEntries([...certified, ...plain]);
  return {
    byAlgorithm,
    offer: encodeOffer({ ...lists, hostKeys: Object.keys(byAlgorithm) }),
    keys: hostKeys.filter((key) => lists.hostKeys.some((algorithm) => signsWith(key, algorithm))),
  };
}

const signsWith = ({ algorithms }: HostKey, algorithm: string): boolean => algorithms.some((it) => it === algorithm);
