import { hostKeyError } from './host-key-error.js';
import { type HostKeyStoreType, HOST_KEY_STORE_TYPES } from './host-key-store-type.js';
import type { HostKey } from './host-key.js';
import { loadHostKey } from './load-host-key.js';
import { parseHostKey } from './parse-host-key.js';

/** Where a host key is, in the terms of `SSHCertStore` and its like; the documented `AltSSHCert*` are further ones of these. */
export interface HostKeyStore {
  /** The path of a file, or the bytes themselves, as `type` has it. The documented `SSHCertStore`. */
  readonly store: string | Uint8Array;
  /** Opens the store, or the key in it. Default none. The documented `SSHCertStorePassword`. */
  readonly password?: string;
  /** By name or by number. Default `cstAuto`. The documented `SSHCertStoreType`. */
  readonly type?: HostKeyStoreType | number;
  /** Which key of the store; `*` is any. Default the only one. The documented `SSHCertSubject`. */
  readonly subject?: string;
}

const CONVERT_TO_PFX =
  'convert it: keytool -importkeystore -srckeystore STORE -destkeystore KEY.p12 -deststoretype pkcs12';

/** Why there is no host key in a store of these types, by the beginning of their names. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/^cst(?:User|Machine)$/u, 'certificate stores of Windows are not supported; export the key to a PFX file'],
  [/^cst(?:JKS|BCFKS)/u, `keystores of Java are not supported; ${CONVERT_TO_PFX}`],
  [
    /^cst(?:SSH)?PublicKey|^cstP7B/u,
    'there is no private key in such a store; give one that has it, such as PEM or PFX',
  ],
  [/^cstXML/u, 'keys in XML are not supported; export the key in PEM form'],
  [/^cstPKCS11$/u, 'give a key in a PKCS #11 token as a signer, with hostKeyFromSigner'],
];

/**
 * Reads a host key from where the documented `SSHCertStore` properties say it is.
 *
 * The form of the key is found out by itself, whatever the type says: files (`cst...File`) and bytes (`cst...Blob`) may hold all
 * that {@link parseHostKey} reads. With `cstAuto`, a text that begins like a key is one, and any other is a path.
 *
 * @throws SshServerError `ERR_SSH_HOST_KEY` as {@link loadHostKey} does, and for types that hold no private key or have no meaning
 *   here, with a way out
 *
 * @example
 * ```ts
 * const hostKey = await hostKeyFromStore({ type: 'cstPFXFile', store: 'state/host.pfx', password: 'demo', subject: '*' });
 * ```
 */
export async function hostKeyFromStore(given: HostKeyStore): Promise<HostKey> {
  const { store, password, subject, type = 'cstAuto' } = given;
  const name = typeof type === 'number' ? nameOf(type) : type;
  const source = `host key in a store of type ${name ?? String(type)}`;
  if (name === undefined || !Object.hasOwn(HOST_KEY_STORE_TYPES, name)) {
    throw hostKeyError(source, `there is no such type; there are ${Object.keys(HOST_KEY_STORE_TYPES).join(', ')}`);
  }
  const [, refusal] = REFUSALS.find(([pattern]) => pattern.test(name)) ?? [];
  if (refusal !== undefined) throw hostKeyError(source, refusal);

  const options = {
    ...(password === undefined ? {} : { passphrase: password }),
    ...(subject === undefined ? {} : { subject }),
  };
  const isPath = name === 'cstAuto' ? typeof store === 'string' && !LIKE_A_KEY.test(store) : name.endsWith('File');
  if (!isPath) return parseHostKey(store, { ...options, source });
  if (typeof store !== 'string') throw hostKeyError(source, 'the store is a path; give it as a string');
  return loadHostKey(store, options);
}

const LIKE_A_KEY = /^\s*(?:-----BEGIN |PuTTY-User-Key-File-|\{)/u;

const nameOf = (type: number): HostKeyStoreType | undefined =>
  // The keys of the table are the names of the types.
  (Object.keys(HOST_KEY_STORE_TYPES) as HostKeyStoreType[]).find((name) => HOST_KEY_STORE_TYPES[name] === type);
