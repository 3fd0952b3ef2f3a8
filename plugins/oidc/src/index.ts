/**
 * Sign-in by OpenID Connect and the OAuth 2.0 device flow for rxsshd.
 *
 * @packageDocumentation
 */

export type { Answer, IdTokenClaims, OidcDeviceFlowOptions } from './flow-options.js';
export type { FlowText, ShownCode } from './flow-text.js';
export { oidcDeviceFlow } from './oidc-device-flow.js';
export { OidcError } from './oidc-error.js';
export type { OidcErrorCode } from './oidc-error.js';
export { oidcPlugin } from './oidc-plugin.js';
