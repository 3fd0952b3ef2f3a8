import { dropbear } from './dropbear.js';
import { openssh } from './openssh.js';
import { rawSsh2Again } from './raw-ssh2-again.js';
import { rawSsh2 } from './raw-ssh2.js';
import { rxsshd } from './rxsshd.js';
import type { ServerUnderTest } from './server-under-test.js';

/** All servers of the comparison, in the order of the tables. */
export const SERVERS: readonly ServerUnderTest[] = [rawSsh2, rawSsh2Again, rxsshd, openssh, dropbear];
