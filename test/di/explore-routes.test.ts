import { pipe } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { checkRoutes } from '../../src/di/explore-routes.js';
import { decide, exec, type HandlerFunction, on, shell, subsystem } from '../../src/handlers/handler-function.js';
import { denyWhen } from '../../src/handlers/policies/composition/deny-when.js';
import { routeChannels } from '../../src/handlers/policies/routing/route-channels.js';
import { routeCommands } from '../../src/handlers/policies/routing/route-commands.js';
import { routeShell } from '../../src/handlers/policies/routing/route-shell.js';
import { routeSubsystems } from '../../src/handlers/policies/routing/route-subsystems.js';
import type { ServeChannel } from '../../src/streams/channel.js';
import type { SSHChannelRequest } from '../../src/streams/events/ssh-channel-request.js';
import type { Policy } from '../../src/streams/policy.js';

const serve: ServeChannel = () => undefined;

const desk = (policy: Policy<SSHChannelRequest>): HandlerFunction =>
  decide('SSHChannelRequest', policy, { source: 'desk' });
const rival = (policy: Policy<SSHChannelRequest>): HandlerFunction =>
  decide('SSHChannelRequest', policy, { source: 'rival' });

const wayOut = 'Remove one route, or give each to users of its own.';
const conflict = (message: string): unknown =>
  expect.objectContaining({ code: 'ERR_SSH_ROUTE_CONFLICT', message: `${message}. ${wayOut}` });

describe('routes of the policies of one server', () => {
  it.each<[string, HandlerFunction, HandlerFunction, string]>([
    [
      'one command',
      desk(routeCommands({ uptime: serve, 'git *': serve })),
      rival(routeCommands({ date: serve, 'git *': serve })),
      'exec "git *" is routed twice: routeCommands in desk and routeCommands in rival',
    ],
    [
      'one subsystem',
      desk(routeSubsystems({ sftp: serve })),
      rival(routeSubsystems({ sftp: serve }, { name: 'files' })),
      'subsystem "sftp" is routed twice: routeSubsystems in desk and files in rival',
    ],
    [
      'the shell',
      desk(routeShell(serve)),
      rival(routeShell(serve)),
      'the shell is routed twice: routeShell in desk and routeShell in rival',
    ],
    [
      'one type of channels',
      decide('SSHChannelOpenRequest', routeChannels({ x11: serve }), { source: 'desk' }),
      decide('SSHChannelOpenRequest', routeChannels({ x11: serve }), { source: 'rival' }),
      'channel type "x11" is routed twice: routeChannels in desk and routeChannels in rival',
    ],
    [
      'all the rest, as a route and as a fallback',
      desk(routeCommands({ '*': serve })),
      rival(routeCommands({ uptime: serve }, { fallback: 'deny' })),
      'exec "*" is routed twice: routeCommands in desk and routeCommands in rival',
    ],
    [
      'a command that is a service as well',
      desk(routeCommands({ uptime: serve })),
      exec('uptime', () => 0, { source: 'Desk.uptime' }),
      'exec "uptime" is routed twice: routeCommands in desk and Desk.uptime',
    ],
    [
      'a subsystem that is a service as well',
      subsystem('sftp', () => 0, { source: 'Desk.sftp' }),
      rival(routeSubsystems({ sftp: serve })),
      'subsystem "sftp" is routed twice: Desk.sftp and routeSubsystems in rival',
    ],
    [
      'a shell that is a service as well',
      shell(() => 0, { source: 'Desk.work' }),
      rival(routeShell(serve)),
      'the shell is routed twice: Desk.work and routeShell in rival',
    ],
    [
      'one thing for users that both name',
      desk(routeShell(serve, { users: ['ann', 'ops-*'] })),
      rival(routeShell(serve, { users: ['bob', 'ops-*'] })),
      'the shell is routed twice: routeShell in desk and routeShell in rival',
    ],
  ])('may not be two for %s', (_what, first, second, message) => {
    expect(() => {
      checkRoutes([first, on('Connected', (event$) => event$), second]);
    }).toThrow(conflict(message));
  });

  it.each<[string, HandlerFunction, HandlerFunction]>([
    ['different commands', desk(routeCommands({ uptime: serve })), rival(routeCommands({ 'uptime *': serve }))],
    ['things of different kinds', desk(routeCommands({ sftp: serve })), rival(routeSubsystems({ sftp: serve }))],
    [
      'different users',
      desk(routeShell(serve, { users: ['ann'] })),
      rival(routeShell(serve, { users: ['bob', 'ops-*'] })),
    ],
    ['some users and everybody', desk(routeShell(serve, { users: ['ann'] })), shell(() => 0)],
    ['one thing and all the rest', desk(routeShell(serve)), rival(routeCommands({ '*': serve }))],
    // What a policy does with the routes inside it, only that policy knows.
    [
      'routes inside another policy',
      desk(
        pipe(
          denyWhen<SSHChannelRequest>(() => true),
          routeShell(serve),
        ),
      ),
      rival(routeShell(serve)),
    ],
  ])('may be for %s', (_what, first, second) => {
    expect(() => {
      checkRoutes([first, second]);
    }).not.toThrow();
  });
});
