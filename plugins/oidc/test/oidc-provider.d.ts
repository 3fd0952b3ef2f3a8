/** Of the authorization server, which has no types of its own: what the tests use. */
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http';

  interface Model {
    save(): Promise<string>;
  }

  export interface DeviceCode extends Model {
    readonly clientId: string;
    readonly params: { readonly scope: string };
    accountId?: string;
    grantId?: string;
    scope?: string;
    error?: string;
  }

  export interface Grant extends Model {
    addOIDCScope(scope: string): void;
    destroy(): Promise<void>;
  }

  interface Token {
    destroy(): Promise<void>;
  }

  export default class Provider {
    constructor(issuer: string, configuration: object);
    callback(): RequestListener;
    on(event: string, listener: (...args: unknown[]) => void): this;
    readonly DeviceCode: { findByUserCode(normalized: string): Promise<DeviceCode | undefined> };
    readonly Grant: {
      new (of: { readonly accountId: string; readonly clientId: string }): Grant;
      find(id: string): Promise<Grant | undefined>;
    };
    readonly AccessToken: { find(value: string): Promise<Token | undefined> };
    readonly RefreshToken: { revokeByGrantId(grantId: string): Promise<void> };
  }
}
