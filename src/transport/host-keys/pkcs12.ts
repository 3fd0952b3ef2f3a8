import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createRequire } from 'node:module';

import type forge from 'node-forge';

import { checkIterations } from './der-private-key.js';
import { damagedError, hostKeyError, lockedError } from './host-key-error.js';
import type { PrivateKey, PrivateKeyOpening } from './private-key.js';

type Forge = typeof forge;

/** What {@link readPkcs12} needs beside the bytes. */
export interface Pkcs12Opening extends PrivateKeyOpening {
  /** Chooses one of several keys, by the subject of its certificate: the whole of it, or else a part. `*`: the first. */
  readonly subject?: string | undefined;
}

interface Entry {
  readonly privateKey: KeyObject;
  readonly name: string | undefined;
  /** Of its certificate, as `CN=host, O=house`; empty without one. */
  readonly subject: string;
}

// A package that is there only for those who need it; `import` would make all parsing asynchronous.
const requireForge = (): Forge => createRequire(import.meta.url)('node-forge') as Forge;

/**
 * Reads a private key of a PKCS #12 file (RFC 7292), with the optional package `node-forge`.
 *
 * @param load - Where the package comes from
 * @throws SshServerError `ERR_SSH_HOST_KEY` without that package, and if there is no such key in the file
 */
export function readPkcs12(bytes: Buffer, opening: Pkcs12Opening, load: () => Forge = requireForge): PrivateKey {
  const { source } = opening;
  checkIterations(bytes, source);
  const entries = entriesOf(bytes, opening, loaded(load, source));
  const { privateKey, name } = choose(entries, opening);
  return { privateKey, comment: name };
}

function loaded(load: () => Forge, source: string): Forge {
  try {
    return load();
  } catch (cause) {
    const fault =
      'PKCS #12 files need the package node-forge: npm install node-forge. Or convert it: ' +
      'openssl pkcs12 -in KEY.p12 -nocerts -noenc -out KEY';
    throw hostKeyError(source, fault, cause);
  }
}

function entriesOf(
  bytes: Buffer,
  { source, passphrase }: Pkcs12Opening,
  { asn1, pkcs12, pki }: Forge,
): readonly Entry[] {
  let bags: readonly forge.pkcs12.Bag[];
  try {
    // The package takes bytes and passphrases as strings; both of these it turns back into what they were.
    const parsed = pkcs12.pkcs12FromAsn1(
      asn1.fromDer(bytes.toString('latin1')),
      false,
      passphrase?.toString('utf8') ?? '',
    );
    bags = parsed.safeContents.flatMap(({ safeBags }) => safeBags);
  } catch (cause) {
    if (passphrase !== undefined) throw lockedError(source, cause);
    throw hostKeyError(source, 'the PKCS #12 file is encrypted, or damaged; give the option "passphrase"', cause);
  }
  const derOf = (it: forge.asn1.Asn1): Buffer => Buffer.from(asn1.toDer(it).getBytes(), 'latin1');
  const isKey = ({ type }: forge.pkcs12.Bag): boolean =>
    type === pki.oids['keyBag'] || type === pki.oids['pkcs8ShroudedKeyBag'];
  const certificates = bags.filter(({ type }) => type === pki.oids['certBag']);
  try {
    return bags.filter(isKey).map((bag) => {
      // Only RSA keys are parsed; the others are left as they came.
      const privateKey =
        bag.key == null
          ? createPrivateKey({ key: derOf(bag.asn1), format: 'der', type: 'pkcs8' })
          : createPrivateKey(pki.privateKeyToPem(bag.key));
      const id = attribute(bag, 'localKeyId');
      const certificate = certificates.find((it) => id !== undefined && attribute(it, 'localKeyId') === id);
      const subject = certificate === undefined ? '' : subjectOf(certificateDer(certificate));
      return { privateKey, name: attribute(bag, 'friendlyName'), subject };
    });
  } catch (cause) {
    throw damagedError(source, cause);
  }

  function certificateDer(bag: forge.pkcs12.Bag): Buffer {
    return derOf(bag.cert == null ? bag.asn1 : pki.certificateToAsn1(bag.cert));
  }
}

const subjectOf = (der: Buffer): string => new X509Certificate(der).subject.split('\n').join(', ');

/** The first value of an attribute, which the package types as anything. */
function attribute(bag: forge.pkcs12.Bag, name: string): string | undefined {
  const { attributes } = bag as { readonly attributes?: Readonly<Record<string, readonly unknown[]>> };
  const value = attributes?.[name]?.[0];
  return typeof value === 'string' ? value : undefined;
}

function choose(entries: readonly Entry[], { source, subject = '' }: Pkcs12Opening): Entry {
  const [first, ...others] = entries;
  if (first === undefined) throw hostKeyError(source, 'there is no private key in the PKCS #12 file');
  const subjects = entries.map((it) => JSON.stringify(it.subject)).join(', ');
  if (subject === '') {
    if (others.length === 0) return first;
    throw hostKeyError(source, `there are several keys in it; choose one by the option "subject": ${subjects}`);
  }
  if (subject === '*') return first;
  const found = entries.find((it) => it.subject === subject) ?? entries.find((it) => it.subject.includes(subject));
  if (found === undefined)
    throw hostKeyError(source, `no key in it has the subject ${JSON.stringify(subject)}: there is ${subjects}`);
  return found;
}
