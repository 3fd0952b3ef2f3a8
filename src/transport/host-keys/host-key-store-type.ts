/** The documented values of `SSHCertStoreType`, by their documented names. */
export const HOST_KEY_STORE_TYPES = {
  cstUser: 0,
  cstMachine: 1,
  cstPFXFile: 2,
  cstPFXBlob: 3,
  cstJKSFile: 4,
  cstJKSBlob: 5,
  cstPEMKeyFile: 6,
  cstPEMKeyBlob: 7,
  cstPublicKeyFile: 8,
  cstPublicKeyBlob: 9,
  cstSSHPublicKeyBlob: 10,
  cstP7BFile: 11,
  cstP7BBlob: 12,
  cstSSHPublicKeyFile: 13,
  cstPPKFile: 14,
  cstPPKBlob: 15,
  cstXMLFile: 16,
  cstXMLBlob: 17,
  cstJWKFile: 18,
  cstJWKBlob: 19,
  cstBCFKSFile: 20,
  cstBCFKSBlob: 21,
  cstPKCS11: 22,
  cstAuto: 99,
} as const;

/** A documented name of `SSHCertStoreType`. */
export type HostKeyStoreType = keyof typeof HOST_KEY_STORE_TYPES;
