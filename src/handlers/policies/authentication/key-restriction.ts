import type { SSHChannelOpenRequest } from '../../../streams/events/ssh-channel-open-request.js';
import type { SSHGlobalRequest } from '../../../streams/events/ssh-global-request.js';
import type { RestrictableRequest, Restriction } from '../../../streams/restriction.js';
import type { PolicyName } from '../../../streams/verdict.js';
import { hasPlace } from './key-forward-option.js';
import type { KeyPermissions } from './key-permissions.js';

/** What `permissions` leave out of everything; undefined if that is nothing. */
export function restrictionOfKey(permissions: KeyPermissions, by: PolicyName): Restriction | undefined {
  const { command, environment } = permissions;
  const allowsAll = isUnlimited(permissions);
  if (allowsAll && command === undefined && environment.size === 0) return undefined;
  return {
    by,
    ...(allowsAll ? {} : { allows: (request: RestrictableRequest) => allows(permissions, request) }),
    ...(command === undefined ? {} : { command }),
    ...(environment.size === 0 ? {} : { environment }),
  };
}

const isUnlimited = (permissions: KeyPermissions): boolean =>
  permissions.pty &&
  permissions.portForwarding &&
  permissions.agentForwarding &&
  permissions.x11Forwarding &&
  permissions.tunnels &&
  permissions.permitOpen === undefined &&
  permissions.permitListen === undefined;

function allows(permissions: KeyPermissions, request: RestrictableRequest): boolean {
  switch (request.type) {
    case 'SSHChannelOpenRequest':
      return allowsOpen(permissions, request);
    case 'SSHGlobalRequest':
      return allowsListening(permissions, request);
    case 'SSHChannelRequest':
      return allowsRequest(permissions, request.requestType);
    default:
      return request satisfies never;
  }
}

// By the names of the requests and not by what they hold, so that one that cannot be read is not taken for another.

function allowsOpen(permissions: KeyPermissions, { channelType, detail }: SSHChannelOpenRequest): boolean {
  const { portForwarding, permitOpen } = permissions;
  switch (channelType) {
    case 'direct-tcpip':
      if (!portForwarding || permitOpen === undefined) return portForwarding;
      return detail.type === 'direct-tcpip' && hasPlace(permitOpen, detail.hostToConnect, detail.portToConnect);
    case 'direct-streamlocal@openssh.com':
      // A list of hosts and ports has no sockets on it.
      return portForwarding && permitOpen === undefined;
    case 'tun@openssh.com':
      return permissions.tunnels;
    default:
      return true;
  }
}

function allowsListening(permissions: KeyPermissions, { requestType, detail }: SSHGlobalRequest): boolean {
  const { portForwarding, permitListen } = permissions;
  switch (requestType) {
    case 'tcpip-forward':
      if (!portForwarding || permitListen === undefined) return portForwarding;
      return detail.type === 'tcpip-forward' && hasPlace(permitListen, detail.addressToBind, detail.portToBind);
    case 'streamlocal-forward@openssh.com':
      return portForwarding && permitListen === undefined;
    default:
      return true;
  }
}

function allowsRequest({ pty, agentForwarding, x11Forwarding }: KeyPermissions, requestType: string): boolean {
  switch (requestType) {
    case 'pty-req':
      return pty;
    case 'x11-req':
      return x11Forwarding;
    case 'auth-agent-req@openssh.com':
    case 'auth-agent-req':
      return agentForwarding;
    default:
      return true;
  }
}
