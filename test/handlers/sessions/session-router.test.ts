import { of } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import { exec, shell, subsystem } from '../../../src/handlers/handler-function.js';
import { CommandTable } from '../../../src/handlers/policies/routing/command-table.js';
import { type ServiceRoutes, sessionRouter } from '../../../src/handlers/sessions/session-router.js';
import type { ChannelRequestDetail } from '../../../src/protocol/messages/channel-request-detail.js';
import { DenyReason } from '../../../src/streams/deny-reason.js';
import type { SSHChannelRequest } from '../../../src/streams/events/ssh-channel-request.js';
import { consider, deny, grant, serveWith, type Verdict } from '../../../src/streams/verdict.js';
import { FakeChannel } from '../../support/fake-channel.js';

const commands = [
  exec('uptime', () => 'up', { source: 'Desk.uptime' }),
  exec('git log *', ({ arguments: rest }) => `log:${rest}`, { source: 'Git.log' }),
  exec('*', ({ arguments: rest }) => `any:${rest}`, { source: 'Any.command' }),
];

const routes: ServiceRoutes = {
  exec: new CommandTable(commands.slice(0, 2).map((it) => [it.command, it])),
  shell: shell(() => 'shell', { source: 'Desk.shell' }),
  subsystems: new Map([['sftp', subsystem('sftp', () => 'sftp', { source: 'Files.sftp' })]]),
};

const withFallback: ServiceRoutes = {
  exec: new CommandTable(commands.map((it) => [it.command, it])),
  shell: undefined,
  subsystems: new Map([['*', subsystem('*', () => 'any', { source: 'Any.subsystem' })]]),
};

const request = (detail: ChannelRequestDetail, channelType = 'session'): SSHChannelRequest => {
  const { connection, identity, id } = new FakeChannel();
  return {
    type: 'SSHChannelRequest',
    connection,
    identity,
    channel: id,
    channelType,
    requestType: detail.type,
    wantReply: true,
    detail,
    data: new Uint8Array(),
  };
};

const execOf = (command: string): SSHChannelRequest => request({ type: 'exec', command });

const decide = (
  verdict: Verdict<SSHChannelRequest>,
  services = routes,
  report = vi.fn(),
): Verdict<SSHChannelRequest> => {
  let decided: Verdict<SSHChannelRequest> | undefined;
  sessionRouter(services, report)
    .policy(of(verdict))
    .subscribe((it) => {
      decided = it;
    });
  if (decided === undefined) throw new Error('no answer');
  return decided;
};

const outputOf = async (verdict: Verdict<SSHChannelRequest>): Promise<string> => {
  if (verdict.state !== 'granted' || verdict.serve === undefined) return verdict.state;
  const channel = new FakeChannel();
  verdict.serve(channel);
  await channel.closing;
  return channel.output;
};

describe('sessionRouter', () => {
  it('has a place of its own', () => {
    expect(sessionRouter(routes, vi.fn())).toMatchObject({ source: 'rxsshd/router', phase: 'route' });
  });

  it.each<[string, SSHChannelRequest, string, string]>([
    ['a command', execOf('uptime'), 'Desk.uptime', 'up'],
    ['a command with its arguments', execOf('git log \t -1  x '), 'Git.log', 'log:-1  x '],
    ['a command without arguments', execOf('git log'), 'Git.log', 'log:'],
    ['the shell', request({ type: 'shell' }), 'Desk.shell', 'shell'],
    ['a subsystem', request({ type: 'subsystem', subsystemName: 'sftp' }), 'Files.sftp', 'sftp'],
  ])('grants %s in the name of its service and runs it', async (_what, asked, by, output) => {
    const verdict = decide(consider(asked));
    expect(verdict).toMatchObject({ state: 'granted', by });
    await expect(outputOf(verdict)).resolves.toBe(output);
  });

  it('gives everything else to the fallbacks, with the whole command for arguments', async () => {
    await expect(outputOf(decide(consider(execOf('rm -rf /')), withFallback))).resolves.toBe('any:rm -rf /');
    const asked = request({ type: 'subsystem', subsystemName: 'netconf' });
    await expect(outputOf(decide(consider(asked), withFallback))).resolves.toBe('any');
  });

  it.each([
    ['a command that nobody serves', execOf('uptime now'), routes],
    ['a subsystem that nobody serves', request({ type: 'subsystem', subsystemName: 'netconf' }), routes],
    ['a shell that nobody serves', request({ type: 'shell' }), withFallback],
    ['a request of another kind', request({ type: 'env', variableName: 'A', variableValue: 'b' }), withFallback],
    ['a command on a channel that is no session', request({ type: 'exec', command: 'uptime' }, 'other'), routes],
  ])('leaves %s open for other routes', (_what, asked, services) => {
    expect(decide(consider(asked), services).state).toBe('open');
  });

  it('finds a service for what was granted without one, and leaves the grant to its giver', async () => {
    const asked = execOf('uptime');
    const verdict = decide(grant(consider(asked), asked, 'office hours'));
    expect(verdict).toMatchObject({ state: 'granted', by: 'office hours' });
    await expect(outputOf(verdict)).resolves.toBe('up');
  });

  it('passes what has something to run, and what is denied', () => {
    const asked = execOf('uptime');
    const served = serveWith(consider(asked), 'another route', vi.fn());
    const denied = deny(consider(asked), 'office hours', DenyReason.NotPermitted);
    expect(decide(served)).toBe(served);
    expect(decide(denied)).toBe(denied);
  });

  it('reports a failing service with its source and channel', async () => {
    const report = vi.fn();
    const failing = exec('fail', () => Promise.reject(new Error('broken')), { source: 'Desk.fail' });
    const services = { ...routes, exec: new CommandTable([['fail', failing]]) };
    const verdict = decide(consider(execOf('fail')), services, report);
    await outputOf(verdict);
    expect(report.mock.calls).toMatchObject([
      [{ code: 'ERR_SSH_HANDLER_FAILED', message: 'Desk.fail failed: broken' }, 'Desk.fail', { type: 'session' }],
    ]);
  });

  it('hands the options of a service on', async () => {
    const raw = { ...routes, shell: shell(() => 'a\n', { rawOutput: true }) };
    const verdict = decide(consider(request({ type: 'shell' })), raw);
    if (verdict.state !== 'granted') throw new Error(verdict.state);
    const channel = new FakeChannel({ terminal: {} });
    verdict.serve?.(channel);
    await channel.closing;
    expect(channel.output).toBe('a\n');
  });
});
