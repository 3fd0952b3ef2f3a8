import ssh2 from 'ssh2';

const { private: privateKey, public: publicKeyLine } = ssh2.utils.generateKeyPairSync('ed25519');
const parsed = ssh2.utils.parseKey(privateKey);
if (parsed instanceof Error) throw parsed;

/** Ann's key. */
export const ANNS_KEY: ssh2.ParsedKey = parsed;

/** The same as a line of authorized_keys. */
export const ANNS_KEY_LINE: string = publicKeyLine;

/** A signature of Ann's key over `data`, or one that is wrong in its first bit. */
export function signatureOver(data: Buffer, isRight: boolean): Buffer {
  const signature = ANNS_KEY.sign(data);
  // Typed as if it might fail, as it may with other kinds of keys.
  if (signature instanceof Error) throw signature;
  if (!isRight) signature.writeUInt8(signature.readUInt8(0) ^ 0x80, 0);
  return signature;
}
