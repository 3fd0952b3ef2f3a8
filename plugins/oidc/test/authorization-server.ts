import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import Provider from 'oidc-provider';

/** Of a public client, and of one with a secret. */
export const PUBLIC_CLIENT = 'ssh';
export const SECRET_CLIENT = { id: 'ssh-secret', secret: 'the secret of the client' };

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** `oidc-provider`, a certified authorization server, on 127.0.0.1, with somebody who signs in whenever the test says so. */
export class AuthorizationServer implements AsyncDisposable {
  readonly issuer: string;
  readonly #server: Server;
  readonly #provider: Provider;
  /** The grants that were given, so that they can be taken back. */
  readonly #grants: string[] = [];

  private constructor(server: Server) {
    this.#server = server;
    // It listens on TCP.
    const { port } = server.address() as AddressInfo;
    this.issuer = `http://127.0.0.1:${String(port)}`;
    this.#provider = new Provider(this.issuer, configuration());
    server.on('request', this.#provider.callback());
  }

  /** Settles once it listens. */
  static async start(): Promise<AuthorizationServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new AuthorizationServer(server);
  }

  /** Somebody enters a code and signs in as `user`. */
  async approve(userCode: string, user: string): Promise<void> {
    const code = await this.#find(userCode);
    const grant = new this.#provider.Grant({ accountId: user, clientId: code.clientId });
    grant.addOIDCScope(code.params.scope);
    const grantId = await grant.save();
    this.#grants.push(grantId);
    await Object.assign(code, { accountId: user, grantId, scope: code.params.scope }).save();
  }

  /** Somebody enters a code and refuses. */
  async refuse(userCode: string): Promise<void> {
    await Object.assign(await this.#find(userCode), { error: 'access_denied' }).save();
  }

  /** Takes back all that was granted. */
  async revokeAll(): Promise<void> {
    for (const id of this.#grants.splice(0)) {
      await this.#provider.RefreshToken.revokeByGrantId(id);
      await (await this.#provider.Grant.find(id))?.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #find(userCode: string) {
    const code = await this.#provider.DeviceCode.findByUserCode(userCode.replaceAll('-', ''));
    if (code === undefined) throw new Error(`nobody was given the code ${userCode}`);
    return code;
  }
}

function configuration(): object {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const client = { grant_types: [DEVICE_GRANT, 'refresh_token'], response_types: [], redirect_uris: [] };
  return {
    clients: [
      { ...client, client_id: PUBLIC_CLIENT, token_endpoint_auth_method: 'none' },
      { ...client, client_id: SECRET_CLIENT.id, client_secret: SECRET_CLIENT.secret },
    ],
    cookies: { keys: ['of no use here'] },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }] },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true },
      introspection: { enabled: true },
    },
    claims: { openid: ['sub'], profile: ['preferred_username'] },
    // What userOf goes by is in the ID token itself.
    conformIdTokenClaims: false,
    ttl: { AccessToken: 3_600, DeviceCode: 600, Grant: 3_600, IdToken: 600, RefreshToken: 3_600 },
    issueRefreshToken: () => true,
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id }),
    }),
  };
}
