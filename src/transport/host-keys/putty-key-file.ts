/** The lines of a key file of PuTTY's, version 2 or 3 (appendix C of its manual). */
export interface PuttyKeyFile {
  readonly version: 2 | 3;
  readonly algorithm: string;
  readonly encryption: 'none' | 'aes256-cbc';
  readonly comment: string;
  /** As on the wire. */
  readonly publicBlob: Buffer;
  /** Encrypted, unless `encryption` is `none`. */
  readonly privateBlob: Buffer;
  readonly mac: Buffer;
  /** `Key-Derivation`, `Argon2-Memory` and so on, by name. */
  readonly fields: ReadonlyMap<string, string>;
}

/** What begins a key file of PuTTY's. */
export const PUTTY_HEADER = 'PuTTY-User-Key-File-';

/** Takes a key file apart. @returns undefined if it is damaged, or of version 1 */
export function readPuttyKeyFile(text: string): PuttyKeyFile | undefined {
  const lines = text.trimStart().split(/\r\n|\r|\n/u);
  const fields = new Map<string, string>();
  const blobs = new Map<string, Buffer>();
  for (let at = 0; at < lines.length; at += 1) {
    const [, name, value = ''] = /^([\w-]+): ?(.*)$/u.exec(lines[at] ?? '') ?? [];
    if (name === undefined) continue;
    fields.set(name, value);
    if (!name.endsWith('-Lines')) continue;
    const count = /^\d{1,4}$/u.test(value) ? Number(value) : 0;
    blobs.set(name, Buffer.from(lines.slice(at + 1, at + 1 + count).join(''), 'base64'));
    at += count;
  }
  const version = [2, 3].find((it) => fields.has(`${PUTTY_HEADER}${String(it)}`));
  const encryption = fields.get('Encryption');
  const publicBlob = blobs.get('Public-Lines');
  const privateBlob = blobs.get('Private-Lines');
  const mac = fields.get('Private-MAC');
  if (version === undefined || publicBlob === undefined || privateBlob === undefined || mac === undefined)
    return undefined;
  if (encryption !== 'none' && encryption !== 'aes256-cbc') return undefined;
  return {
    version: version === 2 ? 2 : 3,
    algorithm: fields.get(`${PUTTY_HEADER}${String(version)}`) ?? '',
    encryption,
    comment: fields.get('Comment') ?? '',
    publicBlob,
    privateBlob,
    mac: Buffer.from(mac, 'hex'),
    fields,
  };
}
