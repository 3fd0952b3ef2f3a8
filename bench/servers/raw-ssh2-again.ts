import { rawSsh2 } from './raw-ssh2.js';
import type { ServerUnderTest } from './server-under-test.js';

/**
 * The anchor a second time. Its ratios would all be 1.00x on a silent machine; how far they are off tells which
 * differences between other servers mean nothing.
 */
export const rawSsh2Again: ServerUnderTest = {
  ...rawSsh2,
  id: 'ssh2-again',
  name: 'raw ssh2 again',
  role: 'peer',
  onRequest: true,
};
