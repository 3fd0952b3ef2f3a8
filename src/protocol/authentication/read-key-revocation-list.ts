import { WireReader } from '../../transport/wire/wire-reader.js';
import { isKeyForm } from './is-key-form.js';
import { KeyRevocationList } from './key-revocation-list.js';
import type { RevokedCertificates } from './revoked-certificates.js';

/** What {@link readKeyRevocationList} makes of a file. */
export type KeyRevocationListReading =
  { readonly list: KeyRevocationList } | { /** For the log of the server. Printable. */ readonly fault: string };

const MAGIC = Buffer.from('SSHKRL\n\0', 'latin1');
const FORMAT_VERSION = 1;

const SECTION = { CERTIFICATES: 1, EXPLICIT_KEY: 2, SHA1: 3, SIGNATURE: 4, SHA256: 5, EXTENSION: 255 } as const;
const CERTIFICATES = { SERIALS: 0x20, RANGE: 0x21, BITMAP: 0x22, KEY_ID: 0x23, EXTENSION: 0x39 } as const;

const DIGEST_BYTES = { sha1: 20, sha256: 32 } as const;

/**
 * Reads a list of revoked keys: one made by `ssh-keygen -k` (OpenSSH PROTOCOL.krl), or a text with a public key, or a fingerprint
 * `SHA256:...`, on each line.
 *
 * A list that is not understood in full is no list: what cannot be read may be the very key that was stolen. Signatures of
 * lists are not looked at, like OpenSSH, which recommends to sign the file itself. Never throws.
 */
export function readKeyRevocationList(content: string | Uint8Array): KeyRevocationListReading {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : Buffer.from(content);
  const list = new KeyRevocationList();
  const isBinary = bytes.subarray(0, MAGIC.length).equals(MAGIC);
  const fault = isBinary ? readBinary(bytes, list) : readText(bytes.toString('utf8'), list);
  return fault === undefined ? { list } : { fault };
}

/** @returns what is wrong, if anything is */
type Fault = string | undefined;

const CUT = 'the list is cut or malformed';

function readBinary(bytes: Buffer, list: KeyRevocationList): Fault {
  const reader = new WireReader(bytes, MAGIC.length);
  const format = reader.uint32();
  if (format !== FORMAT_VERSION) return `lists of format version ${String(format)} are not supported`;
  // Version of the list, time, flags, of which there are none yet.
  reader.bytes(24);
  // Reserved, comment.
  reader.string();
  reader.string();
  let isSigned = false;
  while (reader.remaining > 0) {
    const type = reader.byte();
    const content = reader.string();
    if (!reader.ok) return CUT;
    if (isSigned && type !== SECTION.SIGNATURE) return 'a section stands behind the signature of the list';
    if (type === SECTION.SIGNATURE) {
      // The only section of two strings: the key has been read.
      reader.string();
      isSigned = true;
    }
    const fault = readSection(type, new WireReader(content), list);
    if (fault !== undefined) return fault;
  }
  return reader.ok ? undefined : CUT;
}

function readSection(type: number, reader: WireReader, list: KeyRevocationList): Fault {
  switch (type) {
    case SECTION.CERTIFICATES:
      return readCertificates(reader, list);
    case SECTION.EXPLICIT_KEY:
      return each(reader, () => {
        const blob = reader.string();
        // A damaged key would be on the list in vain.
        if (!isKeyForm(blob)) reader.fail();
        list.addKey(blob);
      });
    case SECTION.SHA1:
      return readDigests('sha1', reader, list);
    case SECTION.SHA256:
      return readDigests('sha256', reader, list);
    case SECTION.EXTENSION:
      return readExtension(reader);
    case SECTION.SIGNATURE:
      return undefined;
    default:
      return `sections of type ${String(type)} are not supported`;
  }
}

/** Reads to the end. A failure counts once the loop is over: nobody is given a list that was cut. */
function each(reader: WireReader, readOne: () => void): Fault {
  while (reader.remaining > 0) readOne();
  return reader.ok ? undefined : CUT;
}

function readDigests(algorithm: keyof typeof DIGEST_BYTES, reader: WireReader, list: KeyRevocationList): Fault {
  return each(reader, () => {
    const digest = reader.string();
    if (digest.length !== DIGEST_BYTES[algorithm]) reader.fail();
    list.addDigest(algorithm, digest);
  });
}

function readCertificates(reader: WireReader, list: KeyRevocationList): Fault {
  const authority = reader.string();
  // None stands for all authorities.
  if (authority.length > 0 && !isKeyForm(authority)) return 'a section of certificates names no key as their authority';
  const certificates = list.certificatesOf(authority);
  // Reserved.
  reader.string();
  while (reader.remaining > 0) {
    const type = reader.byte();
    const content = new WireReader(reader.string());
    if (!reader.ok) return CUT;
    const fault = readCertificateSection(type, content, certificates);
    if (fault !== undefined) return fault;
  }
  return reader.ok ? undefined : CUT;
}

function readRange(reader: WireReader, certificates: RevokedCertificates): Fault {
  const first = reader.uint64();
  const last = reader.uint64();
  if (!reader.complete) return CUT;
  if (first > last) return 'a range of serial numbers ends before it begins';
  certificates.addRange(first, last);
  return undefined;
}

function readCertificateSection(type: number, reader: WireReader, certificates: RevokedCertificates): Fault {
  switch (type) {
    case CERTIFICATES.SERIALS:
      return each(reader, () => {
        certificates.addSerial(reader.uint64());
      });
    case CERTIFICATES.RANGE:
      return readRange(reader, certificates);
    case CERTIFICATES.BITMAP:
      // By its specification an integer, which may be larger than those of keys.
      certificates.addBitmap(reader.uint64(), reader.string());
      return reader.complete ? undefined : CUT;
    case CERTIFICATES.KEY_ID:
      return each(reader, () => {
        certificates.addKeyId(reader.utf8());
      });
    case CERTIFICATES.EXTENSION:
      return readExtension(reader);
    default:
      return `sections of certificates of type ${String(type)} are not supported`;
  }
}

/** Those that do not matter are skipped; the filters that OpenSSH has defined only save time. */
function readExtension(reader: WireReader): Fault {
  const name = reader.ascii();
  const isCritical = reader.boolean();
  reader.string();
  if (!reader.complete) return CUT;
  return isCritical ? `the extension ${name.slice(0, 64)} is not supported` : undefined;
}

function readText(text: string, list: KeyRevocationList): Fault {
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [first = '', second = ''] = line.split(/\s+/);
    if (!addFingerprint(first, list) && !addKeyLine(first, second, list)) {
      return `line ${String(index + 1)} is neither a public key nor a fingerprint`;
    }
  }
  return undefined;
}

function addFingerprint(word: string, list: KeyRevocationList): boolean {
  const [, digest] = /^SHA256:([A-Za-z0-9+/]{43})=?$/.exec(word) ?? [];
  if (digest === undefined) return false;
  list.addDigest('sha256', Buffer.from(digest, 'base64'));
  return true;
}

/** A key of any type: one that nobody can sign in with does no harm on the list. */
function addKeyLine(type: string, base64: string, list: KeyRevocationList): boolean {
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return false;
  const blob = Buffer.from(base64, 'base64');
  if (new WireReader(blob).ascii() !== type || !isKeyForm(blob)) return false;
  list.addKey(blob);
  return true;
}
