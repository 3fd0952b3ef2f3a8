import type { Identity } from '../../streams/identity.js';
import { passedStep } from './passed-step-fields.js';
import { list, text } from './plain-fields.js';
import { optional, struct } from './struct.js';

/** Who has signed in. Fingerprints are of public keys. */
export const identity = struct<Identity>({
  user: text,
  method: text,
  keyFingerprint: optional(text),
  steps: optional(list(passedStep)),
});
