import type { PassedStep } from '../../streams/requirements/passed-step.js';
import { text } from './plain-fields.js';
import { optional, struct } from './struct.js';

/** A step of a sign-in. Fingerprints are of public keys. */
export const passedStep = struct<PassedStep>({
  method: text,
  by: text,
  keyFingerprint: optional(text),
  keyType: optional(text),
});
