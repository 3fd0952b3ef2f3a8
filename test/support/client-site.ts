import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type ClientKeys, type KeyKind, makeClientKeys, makeKey } from './client-keys.js';
import { ReferenceServer } from './reference-server.js';

type ServerSettings = Readonly<Record<string, string>>;

/** What {@link ClientSite.open} needs. */
export interface ClientSiteOptions {
  /** Path of ssh-keygen. */
  readonly keygen: string;
  /** Host keys beside the Ed25519 key that the reference server makes for itself. Default none. */
  readonly hostKeys?: readonly KeyKind[];
  /** Further settings of the reference server; a function gets the folder of the site. */
  readonly settings?: ServerSettings | ((folder: string) => ServerSettings);
  /** Flags of the node that runs it. Default none. */
  readonly nodeFlags?: readonly string[];
}

/** Suites open many connections from one address, and all of them at the same time. */
export const ROOMY = {
  MAX_STARTUPS: '200',
  MAX_PER_SOURCE: '200',
  MAX_CHANNELS: '128',
  MAX_LOGINS_PER_MINUTE: '100000',
};

/** Everything a suite of real clients works with: a folder that is a home to them, keys, and a running server. */
export class ClientSite {
  /** Deleted at the end. The clients' `HOME`, so that they find no settings and leave no traces. */
  readonly folder: string;
  readonly keys: ClientKeys;
  readonly server: ReferenceServer;

  private constructor(folder: string, keys: ClientKeys, server: ReferenceServer) {
    this.folder = folder;
    this.keys = keys;
    this.server = server;
  }

  static async open({ keygen, hostKeys = [], settings, nodeFlags = [] }: ClientSiteOptions): Promise<ClientSite> {
    const folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-clients-'));
    const stateFolder = path.join(folder, 'state');
    await mkdir(stateFolder, { mode: 0o700 });
    const keys = await makeClientKeys(keygen, folder);
    await Promise.all(hostKeys.map((kind) => makeKey(keygen, kind, path.join(stateFolder, `ssh_host_${kind}_key`))));
    const { authorizedKeys } = keys;
    const server = await ReferenceServer.start({
      stateFolder,
      authorizedKeys,
      settings: { ...ROOMY, ...(typeof settings === 'function' ? settings(folder) : settings) },
      nodeFlags,
    });
    return new ClientSite(folder, keys, server);
  }

  /** Environment for a client program. */
  get environment(): Readonly<Record<string, string>> {
    return { HOME: this.folder, LANG: 'C.UTF-8', TERM: 'xterm' };
  }

  /** A path in {@link folder}. */
  path(name: string): string {
    return path.join(this.folder, name);
  }

  async close(): Promise<void> {
    try {
      await this.server.stop();
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}
