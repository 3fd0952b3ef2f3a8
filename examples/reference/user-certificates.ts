import { readFile } from 'node:fs/promises';

import { forUsers, grantCertificate, type Policy, type SSHUserAuthRequest } from 'rxsshd';

import { SettingError } from './setting-error.js';

/**
 * The policy that signs `user` in with certificates of the authorities whose public keys are in a file, read once.
 *
 * @throws SettingError if the file cannot be read, or holds anything but public keys.
 */
export async function userCertificates(file: string, user: string): Promise<Policy<SSHUserAuthRequest>> {
  try {
    return forUsers([user], grantCertificate({ authorities: await readFile(file, 'utf8') }));
  } catch (cause) {
    throw new SettingError('USER_CA', file, cause instanceof Error ? cause.message : 'it cannot be read');
  }
}
