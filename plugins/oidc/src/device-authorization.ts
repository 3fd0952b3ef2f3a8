import type { DeviceAuthorizationResponse } from 'oauth4webapi';
import { Secret } from 'rxsshd';

import type { ShownCode } from './flow-text.js';
import { OidcError } from './oidc-error.js';
import { isSafeUrl } from './safe-url.js';

/** What an authorization server has begun (RFC 8628 section 3.2). */
export interface DeviceAuthorization {
  readonly shown: ShownCode;
  readonly deviceCode: Secret;
  /** What the ID token has to repeat, if it says anything of it. */
  readonly nonce: string;
  readonly expiresInMs: number;
  readonly intervalMs: number;
}

/** Where the server does not say how often it may be asked. */
const USUAL_INTERVAL_S = 5;

/** What may not stand on a terminal as it is, and what makes a text look like another one. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

const MAX_SHOWN = 2_000;

/**
 * Reads what the server has begun.
 *
 * @throws OidcError `ERR_OIDC_INVALID` if users cannot be shown it
 */
export function readDeviceAuthorization(response: DeviceAuthorizationResponse, nonce: string): DeviceAuthorization {
  const { verification_uri: uri, verification_uri_complete: complete, user_code: userCode } = response;
  if (!isShowable(userCode) || [uri, complete].some((it) => it !== undefined && !isAddress(it))) {
    throw new OidcError('ERR_OIDC_INVALID', 'the device authorization has a code or an address that cannot be shown');
  }
  return {
    shown: {
      verificationUri: uri,
      userCode,
      ...(complete === undefined ? {} : { verificationUriComplete: complete }),
    },
    deviceCode: new Secret(response.device_code),
    nonce,
    expiresInMs: response.expires_in * 1000,
    // None at all would be as fast as the network.
    intervalMs: Math.max(1, response.interval ?? USUAL_INTERVAL_S) * 1000,
  };
}

const isShowable = (text: string): boolean => text.length <= MAX_SHOWN && !UNPRINTABLE.test(text);

const isAddress = (text: string): boolean => isShowable(text) && URL.canParse(text) && isSafeUrl(new URL(text));
