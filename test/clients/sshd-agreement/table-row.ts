import type { KeyRoom, ShownKey } from './key-room.js';

/** What a server is told of keys, in a form that both understand. */
export interface ServerSide {
  /** An authorized_keys file. Default none. */
  readonly keys?: string;
  /** Public keys of authorities, one a line (`TrustedUserCAKeys`). Default none. */
  readonly authorities?: string;
  /** Names that a certificate has to have one of (`AuthorizedPrincipalsFile`). Default the name of the user. */
  readonly principals?: readonly string[];
  /** A revocation list (`RevokedKeys`). Default none. */
  readonly revoked?: string | Uint8Array;
}

/** What a client asks for once it has signed in: a command, a terminal for it, or a connection to a greeter. */
export type Wish = 'command' | 'terminal' | 'forward';

/** What a row is made of. */
export interface TableSetting {
  readonly server: ServerSide;
  readonly client: ShownKey;
  /** Default `command`. */
  readonly wish?: Wish;
  /** Further settings of ssh_config(5) for the client. */
  readonly settings?: readonly string[];
}

/** Where and who the clients of the table are. */
export interface TableSite {
  readonly room: KeyRoom;
  /** The name of the user, the same on both servers. */
  readonly user: string;
  /** The port of the greeter on 127.0.0.1. */
  readonly greeter: number;
}

/** What comes of it, as the client tells: `refused`, `not forwarded`, `no terminal`, or what the command or the greeter has said. */
export type Outcome = string;

/** One case for both servers. */
export interface TableRow {
  readonly name: string;
  readonly outcome: Outcome;
  readonly make: (site: TableSite) => TableSetting | Promise<TableSetting>;
}
