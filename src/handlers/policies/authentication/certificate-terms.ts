import type { Certificate } from '../../../protocol/authentication/certificate.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import { AddressList } from '../matching/address-list.js';
import { ALL_PERMISSIONS, type KeyPermissions } from './key-permissions.js';

/** On what terms a certificate may be used (OpenSSH PROTOCOL.certkeys), apart from who may sign it. */
export interface CertificateTerms {
  readonly principals: readonly string[];
  /** First millisecond of its life. */
  readonly validAfter: number;
  /** First millisecond behind its life; infinite if nothing limits it. */
  readonly validBefore: number;
  /** Where it may be used; undefined for everywhere. */
  readonly addresses: AddressList | undefined;
  readonly mayBeUntouched: boolean;
  readonly mustVerifyUser: boolean;
  readonly permissions: KeyPermissions;
}

/** Addresses and CIDR blocks: what else lists of this package may have, certificates may not. */
const ADDRESSES = /^[\da-f.:/,]+$/i;

/** @returns undefined if the certificate has a critical option that is not known or cannot be read: nobody may use it then. */
export function readCertificateTerms(certificate: Certificate): CertificateTerms | undefined {
  const { principals, validAfter, validBefore = Infinity, criticalOptions, extensions } = certificate;
  let command: string | undefined;
  let addresses: AddressList | undefined;
  let mustVerifyUser = false;
  for (const { name, value } of criticalOptions) {
    switch (name) {
      case 'force-command':
        if (value.trim() === '' || value.includes('\0')) return undefined;
        command = value;
        break;
      case 'source-address': {
        const reading = ADDRESSES.test(value) ? AddressList.read(value.split(',')) : undefined;
        if (reading === undefined || 'fault' in reading) return undefined;
        addresses = reading.list;
        break;
      }
      case 'verify-required':
        mustVerifyUser = true;
        break;
      default:
        return undefined;
    }
  }
  const has = (extension: string): boolean => extensions.some(({ name }) => name === extension);
  const portForwarding = has('permit-port-forwarding');
  return {
    principals,
    validAfter,
    validBefore,
    addresses,
    mayBeUntouched: has('no-touch-required'),
    mustVerifyUser,
    permissions: {
      ...ALL_PERMISSIONS,
      pty: has('permit-pty'),
      portForwarding,
      agentForwarding: has('permit-agent-forwarding'),
      x11Forwarding: has('permit-X11-forwarding'),
      tunnels: portForwarding,
      ...(command === undefined ? {} : { command }),
    },
  };
}

/** Why a certificate may not be used by somebody who may go by `names`, from `address`, at the time `now`; undefined if it may. */
export function certificateRefusal(
  terms: CertificateTerms,
  names: ReadonlySet<string>,
  address: string,
  now: number,
): DenyReason | undefined {
  // A certificate without names is one for everybody, by its specification, and by mistake, as experience has it.
  if (!terms.principals.some((principal) => names.has(principal))) return DenyReason.KeyNotAccepted;
  if (now < terms.validAfter || now >= terms.validBefore) return DenyReason.KeyNotAccepted;
  const { addresses } = terms;
  // What is no address is on no list.
  return addresses === undefined || addresses.has(address) === true ? undefined : DenyReason.AddressNotAllowed;
}
