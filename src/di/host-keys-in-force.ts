import { SshServerError } from '../errors.js';
import type { Clock } from '../streams/clock.js';
import type { AlgorithmLists } from '../transport/algorithm-lists.js';
import type { HostCertificate } from '../transport/host-keys/host-certificate.js';
import type { HostKey } from '../transport/host-keys/host-key.js';
import { type HostKeyOffer, offerHostKeys } from '../transport/host-keys/host-key-offer.js';

/** What {@link HostKeysInForce} needs beside the keys. */
export interface HostKeysInForceParts {
  readonly algorithms: Omit<AlgorithmLists, 'publicKeySignatures'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly onWarning: (message: string) => void;
}

/** What all public keys together may take, in bytes: they are told to clients in one packet. */
const MAX_ANNOUNCED_BYTES = 32_000;

/** Host keys, and what is made of them for as long as no certificate begins or ceases to be valid. */
interface Examined {
  readonly hostKeys: readonly HostKey[];
  readonly offer: HostKeyOffer;
  /** What an operator should know of them. */
  readonly warnings: ReadonlySet<string>;
  /** When a certificate begins or ceases to be valid, in milliseconds since the epoch. */
  readonly until: number;
}

/** The host keys of a server, which can be replaced while it runs. */
export class HostKeysInForce {
  readonly #parts: HostKeysInForceParts;
  #inForce: Examined;

  /** @throws SshServerError `ERR_SSH_OPTION` as {@link replace} does; messages begin with `createServer` */
  constructor(hostKeys: readonly HostKey[], parts: HostKeysInForceParts) {
    this.#parts = parts;
    this.#inForce = examine('createServer', hostKeys, parts);
    this.#warn(new Set());
  }

  /** What clients are offered now; the same object until that changes. Throws nothing: clients are not to blame for a warning. */
  readonly offer = (): HostKeyOffer => {
    if (this.#inForce.until <= this.#parts.clock.now()) this.#adopt('createServer', this.#inForce.hostKeys);
    return this.#inForce.offer;
  };

  /**
   * Puts other keys in force.
   *
   * @throws SshServerError `ERR_SSH_OPTION` for what is no list of host keys, a key that is given twice, keys of which none is of use,
   *   and more than fit into one packet; then everything is as it was
   */
  replace(hostKeys: readonly HostKey[]): void {
    this.#adopt('replaceHostKeys', hostKeys);
  }

  #adopt(method: string, hostKeys: readonly HostKey[]): void {
    const { warnings } = this.#inForce;
    this.#inForce = examine(method, hostKeys, this.#parts);
    this.#warn(warnings);
  }

  /** Tells the operator what is not `known` yet. The keys are in force by then, whatever comes of it. */
  #warn(known: ReadonlySet<string>): void {
    for (const warning of this.#inForce.warnings) {
      if (known.has(warning)) continue;
      try {
        this.#parts.onWarning(warning);
      } catch {
        // Whoever should have told has failed.
        process.emitWarning(warning, 'SshServerWarning');
      }
    }
  }
}

function examine(
  method: string,
  hostKeys: readonly HostKey[],
  { algorithms, clock }: Pick<HostKeysInForceParts, 'algorithms' | 'clock'>,
): Examined {
  checkHostKeys(method, hostKeys);
  const now = clock.now();
  const offer = offerHostKeys(hostKeys, algorithms, (certificate) => isValid(certificate, now));
  if (offer === undefined) {
    const types = [...new Set(hostKeys.map((key) => key.type))].join(', ');
    throw optionError(
      method,
      `none of type ${types} can sign with ${algorithms.hostKeys.join(', ')}. ` +
        'Give a key of another type (generateHostKey makes one) or change algorithms.hostKeys',
    );
  }
  const changes = hostKeys.flatMap(({ certificate }) =>
    certificate === undefined ? [] : [certificate.validAfter, certificate.validBefore ?? Infinity],
  );
  return {
    hostKeys: [...hostKeys],
    offer,
    warnings: new Set([...outdatedCertificates(hostKeys, now), ...unusedKeys(hostKeys, offer)]),
    until: Math.min(Infinity, ...changes.filter((moment) => moment > now)),
  };
}

function* outdatedCertificates(hostKeys: readonly HostKey[], now: number): Iterable<string> {
  for (const { fingerprint, certificate } of hostKeys) {
    if (certificate === undefined || isValid(certificate, now)) continue;
    const { validAfter, validBefore = Infinity } = certificate;
    const fault =
      validBefore <= now ? `has expired on ${dateOf(validBefore)}` : `is not valid before ${dateOf(validAfter)}`;
    yield `the certificate ${JSON.stringify(certificate.keyId)} of the host key ${fingerprint} ${fault}, so it is not shown.`;
  }
}

function* unusedKeys(hostKeys: readonly HostKey[], offer: HostKeyOffer): Iterable<string> {
  for (const key of hostKeys) {
    if (offer.keys.includes(key)) continue;
    yield (
      `the host key of type ${key.type} is never used, since algorithms.hostKeys has nothing that it signs with. ` +
      "The preset 'compatible' has."
    );
  }
}

const isValid = ({ validAfter, validBefore = Infinity }: HostCertificate, now: number): boolean =>
  validAfter <= now && now < validBefore;

const dateOf = (moment: number): string => new Date(moment).toISOString();

const optionError = (method: string, fault: string): SshServerError =>
  new SshServerError('ERR_SSH_OPTION', `${method}: hostKeys: ${fault}`);

function checkHostKeys(method: string, hostKeys: unknown): void {
  if (!Array.isArray(hostKeys)) throw optionError(method, `expected an array, got ${typeof hostKeys}`);
  if (hostKeys.length === 0) {
    throw optionError(method, 'a server needs at least one; make one with loadOrCreateHostKey(path)');
  }
  const known = new Map<string, number>();
  let bytes = 0;
  for (const [index, key] of hostKeys.entries()) {
    if (!isHostKey(key)) {
      const awaited = key instanceof Promise ? 'a promise of one; await it' : 'none; loadHostKey(path) makes one';
      throw optionError(method, `[${String(index)}] is no host key but ${awaited}`);
    }
    const twin = known.get(key.fingerprint);
    if (twin !== undefined) throw optionError(method, `[${String(twin)}] and [${String(index)}] are the same key`);
    known.set(key.fingerprint, index);
    bytes += key.publicBlob.length + 4;
  }
  if (bytes > MAX_ANNOUNCED_BYTES) throw optionError(method, 'too many: their public keys do not fit into one packet');
}

const isHostKey = (value: unknown): value is HostKey =>
  typeof value === 'object' &&
  value !== null &&
  ['fingerprint', 'publicBlob', 'algorithms', 'sign'].every((name) => name in value);
