import type { Identity } from '../../../streams/identity.js';
import type { FromConnection } from '../from-connection.js';

/** A request that has a user: one who wants to sign in, or one who has. */
export type UserRequest = FromConnection & ({ readonly user: string } | { readonly identity: Identity });

/** Who asks. During authentication this is a mere claim. */
export const requestUser = (request: UserRequest): string =>
  'identity' in request ? request.identity.user : request.user;
