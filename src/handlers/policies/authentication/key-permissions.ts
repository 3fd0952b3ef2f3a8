import type { ForwardPlaces } from './key-forward-option.js';

/** What somebody may do who has signed in with a key: what its options or its certificate leave of everything. */
export interface KeyPermissions {
  readonly pty: boolean;
  readonly portForwarding: boolean;
  readonly agentForwarding: boolean;
  readonly x11Forwarding: boolean;
  /** Layer 2 and 3 tunnels (`tun@openssh.com`). */
  readonly tunnels: boolean;
  /** Runs in place of whatever is asked for. */
  readonly command?: string;
  readonly environment: ReadonlyMap<string, string>;
  /** Where connections may be forwarded to; undefined for everywhere. */
  readonly permitOpen?: ForwardPlaces;
  /** Where may be listened; undefined for everywhere. */
  readonly permitListen?: ForwardPlaces;
}

/** Everything. */
export const ALL_PERMISSIONS: KeyPermissions = {
  pty: true,
  portForwarding: true,
  agentForwarding: true,
  x11Forwarding: true,
  tunnels: true,
  environment: new Map(),
};

/**
 * What both permit: sshd(8) has the options of an authority's line and those of the certificate apply together.
 *
 * @returns undefined if they force different commands, so that nothing could be run.
 */
export function permittedByBoth(line: KeyPermissions, certificate: KeyPermissions): KeyPermissions | undefined {
  const command = line.command ?? certificate.command;
  if (certificate.command !== undefined && certificate.command !== command) return undefined;
  return {
    // Certificates have neither places nor variables.
    ...line,
    pty: line.pty && certificate.pty,
    portForwarding: line.portForwarding && certificate.portForwarding,
    agentForwarding: line.agentForwarding && certificate.agentForwarding,
    x11Forwarding: line.x11Forwarding && certificate.x11Forwarding,
    tunnels: line.tunnels && certificate.tunnels,
    ...(command === undefined ? {} : { command }),
  };
}
