import { type ApplicationServer, decide, rateLimit, shadow, type SSHUserAuthRequest } from 'rxsshd';

const stricter = rateLimit<SSHUserAuthRequest>({
  limit: 3,
  windowMs: 60_000,
  keyOf: ({ connection }) => connection.remoteAddress,
});

/** A handler to begin with: tells whom the limit would keep out, and keeps out nobody. */
export const tried = decide('SSHUserAuthRequest', shadow(stricter, { name: 'three a minute' }), { phase: 'limit' });

/** The same policy in earnest. It goes on with what it has counted so far. */
const enforced = decide('SSHUserAuthRequest', stricter, { phase: 'limit' });

/** Puts the policy into force while the server runs. Nobody is disconnected by it: a rate limit asks again about nothing. */
export const enforce = (server: ApplicationServer) => server.replaceHandlers({ remove: [tried], add: [enforced] });
