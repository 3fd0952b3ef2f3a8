import type {
  Certificate,
  CertificateAuthority,
  CertificateOption,
} from '../../protocol/authentication/certificate.js';
import type { SecurityKeyUse } from '../../protocol/authentication/security-key-use.js';
import type {
  AuthKey,
  KeyboardInteractiveAnswer,
  KeyboardInteractiveStart,
  NoneAuthRequest,
  OfferedKeyAuthRequest,
  PasswordAuthRequest,
  ProvenHostAuthRequest,
  ProvenKeyAuthRequest,
  RefutedHostAuthRequest,
  RefutedKeyAuthRequest,
  SSHUserAuthRequest,
  UnknownMethodAuthRequest,
} from '../../streams/events/ssh-user-auth-request.js';
import { base64Bytes } from './base64.js';
import { connection } from './connection-fields.js';
import type { JsonObject } from './json-object.js';
import { flag, list, natural, oneOf, text } from './plain-fields.js';
import { redactedSecret } from './redacted.js';
import { passedStep } from './passed-step-fields.js';
import { optional, struct } from './struct.js';
import { variant } from './variant.js';

const common = {
  type: oneOf('SSHUserAuthRequest'),
  connection,
  user: text,
  service: text,
  ordinal: natural,
  passed: optional(list(passedStep)),
} as const;

const certificateOptions = list(struct<CertificateOption>({ name: text, value: text }));

const certificate = struct<Certificate>({
  serial: text,
  keyId: text,
  principals: list(text),
  validAfter: natural,
  validBefore: optional(natural),
  criticalOptions: certificateOptions,
  extensions: certificateOptions,
  authority: struct<CertificateAuthority>({ type: text, blob: base64Bytes, fingerprint: text }),
  publicKey: base64Bytes,
});

const key = struct<AuthKey>({
  type: text,
  blob: base64Bytes,
  fingerprint: text,
  bits: natural,
  application: optional(text),
  certificate: optional(certificate),
});

/** The three stages have nearly the same fields, of which the stage says what the key is worth. */
type PublicKeyAuthRequest = Omit<ProvenKeyAuthRequest, 'stage'> &
  Pick<OfferedKeyAuthRequest | ProvenKeyAuthRequest | RefutedKeyAuthRequest, 'stage'>;

type HostBasedAuthRequest = Omit<ProvenHostAuthRequest, 'stage'> &
  Pick<ProvenHostAuthRequest | RefutedHostAuthRequest, 'stage'>;

/** A request to be signed in. Passwords and answers are never written, nor their length; how many answers there were is. */
export const authRequest = variant<SSHUserAuthRequest>(nameOf, {
  none: struct<NoneAuthRequest>({ ...common, method: oneOf('none') }),
  password: struct<PasswordAuthRequest>({
    ...common,
    method: oneOf('password'),
    password: redactedSecret,
    newPassword: optional(redactedSecret),
  }),
  publickey: struct<PublicKeyAuthRequest>({
    ...common,
    method: oneOf('publickey'),
    stage: oneOf('offered', 'proven', 'refuted'),
    algorithm: text,
    key,
    securityKey: optional(struct<SecurityKeyUse>({ touched: flag, userVerified: flag, counter: natural })),
  }),
  'keyboard-interactive started': struct<KeyboardInteractiveStart>({
    ...common,
    method: oneOf('keyboard-interactive'),
    stage: oneOf('started'),
    submethods: list(text),
  }),
  'keyboard-interactive answered': struct<KeyboardInteractiveAnswer>({
    ...common,
    method: oneOf('keyboard-interactive'),
    stage: oneOf('answered'),
    round: natural,
    answers: list(redactedSecret),
  }),
  hostbased: struct<HostBasedAuthRequest>({
    ...common,
    method: oneOf('hostbased'),
    stage: oneOf('proven', 'refuted'),
    algorithm: text,
    key,
    clientHostName: text,
    clientUserName: text,
  }),
  other: struct<UnknownMethodAuthRequest>({ ...common, method: oneOf('other'), name: text }),
});

function nameOf({ method, stage }: JsonObject): unknown {
  return method === 'keyboard-interactive' ? `keyboard-interactive ${String(stage)}` : method;
}
