import type { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { DenyReason } from '../../src/streams/deny-reason.js';
import { EventHub } from '../../src/streams/event-hub.js';
import { SSH_EVENT_TYPES, type SshEvent, type SshEventType } from '../../src/streams/events/ssh-event.js';
import { deniedEvent, grantedEvent, revokedEvent } from '../handlers/policies/decisions.js';
import { connectionFrom, connectionRequest } from './request-fixtures.js';

const connection = connectionFrom('192.0.2.1');

/** A stream by a name that is only known to be one of them. */
const streamOf = (hub: EventHub, type: SshEventType): Observable<SshEvent> => hub.streams[type];

const status = (message: string): SshEvent => ({ type: 'SSHStatus', connection, message });
const connected: SshEvent = { type: 'Connected', connection };

describe('EventHub', () => {
  it('delivers an event to its own stream and to `all`, and to no other', () => {
    const hub = new EventHub();
    const seen: string[] = [];
    for (const type of SSH_EVENT_TYPES) streamOf(hub, type).subscribe(() => seen.push(type));
    hub.streams.all.subscribe(({ type }) => seen.push(`all ${type}`));

    hub.emit(connected);

    expect(seen).toEqual(['Connected', 'all Connected']);
  });

  it('wants only what somebody listens to', () => {
    const hub = new EventHub();
    expect(SSH_EVENT_TYPES.filter((type) => hub.wants(type))).toEqual([]);

    const one = hub.streams.Connected.subscribe();
    expect(SSH_EVENT_TYPES.filter((type) => hub.wants(type))).toEqual(['Connected']);
    one.unsubscribe();

    const all = hub.streams.all.subscribe();
    expect(SSH_EVENT_TYPES.every((type) => hub.wants(type))).toBe(true);
    all.unsubscribe();
    expect(SSH_EVENT_TYPES.some((type) => hub.wants(type))).toBe(false);
  });

  it('delivers denials to those who listen to them alone, who make it want nothing else', () => {
    const hub = new EventHub();
    const seen: string[] = [];
    expect(hub.wantsDenials()).toBe(false);

    const denials = hub.denials.subscribe(({ reason }) => seen.push(`denial ${reason}`));
    expect(hub.wantsDenials()).toBe(true);
    expect(SSH_EVENT_TYPES.filter((type) => hub.wants(type))).toEqual([]);

    const decided = hub.streams.Decided.subscribe(({ outcome }) => seen.push(outcome));
    hub.emit(grantedEvent(connectionRequest()));
    hub.emit(deniedEvent(connectionRequest(), DenyReason.Banned));
    hub.emit(revokedEvent(connectionRequest()));
    expect(seen).toEqual(['granted', 'denied', 'denial banned', 'revoked']);

    denials.unsubscribe();
    expect(hub.wantsDenials()).toBe(true);
    decided.unsubscribe();
    expect(hub.wantsDenials()).toBe(false);
    hub.streams.all.subscribe();
    expect(hub.wantsDenials()).toBe(true);
  });

  it('has one order for everybody, even for events that observers cause', () => {
    const hub = new EventHub();
    const seen: string[][] = [[], []];
    const note = (index: number) => (event: SshEvent) =>
      seen[index]?.push('message' in event ? event.message : event.type);
    hub.streams.all.subscribe(note(0));
    hub.streams.all.subscribe((event) => {
      if (event.type === 'Connected') for (const message of ['a', 'b']) hub.emit(status(message));
      if (event.type === 'SSHStatus' && event.message === 'a') hub.emit(status('c'));
    });
    hub.streams.all.subscribe(note(1));

    hub.emit(connected);
    hub.emit(status('d'));

    expect(seen).toEqual([
      ['Connected', 'a', 'b', 'c', 'd'],
      ['Connected', 'a', 'b', 'c', 'd'],
    ]);
  });

  it('does not let one observer spoil it for the others', () => {
    const hub = new EventHub();
    const seen: string[] = [];
    const leaving = hub.streams.all.subscribe(() => {
      leaving.unsubscribe();
    });
    hub.streams.all.subscribe(({ type }) => seen.push(type));

    hub.emit(connected);
    hub.emit(connected);

    expect(seen).toEqual(['Connected', 'Connected']);
  });

  it('completes every stream', () => {
    const hub = new EventHub();
    let completed = 0;
    const complete = (): void => {
      completed += 1;
    };
    for (const type of SSH_EVENT_TYPES) streamOf(hub, type).subscribe({ complete });
    hub.streams.all.subscribe({ complete });
    hub.denials.subscribe({ complete });

    hub.complete();
    hub.emit(connected);

    expect(completed).toBe(SSH_EVENT_TYPES.length + 2);
    expect(hub.wants('Connected')).toBe(false);
  });

  it('hands out streams, not the subjects behind them', () => {
    const { streams, denials } = new EventHub();

    for (const stream$ of [...Object.values(streams), denials]) expect(stream$).not.toHaveProperty('next');
    expect(Object.keys(streams).sort()).toEqual([...SSH_EVENT_TYPES, 'all'].sort());
  });
});
