import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type RecordedLine, Secret, type SshEvent } from '../../src/index.js';
import { ChannelOpenDetail } from '../../src/protocol/messages/channel-open-detail.js';
import { ChannelRequestDetail } from '../../src/protocol/messages/channel-request-detail.js';
import { GlobalRequestDetail } from '../../src/protocol/messages/global-request-detail.js';
import { LineWriter } from '../../src/recording/line-writer.js';
import { writeHeader } from '../../src/recording/recording-header.js';
import { SSH_EVENT_TYPES } from '../../src/streams/events/ssh-event.js';
import { authRequest, channelOpen, channelRequest, connectionRequest } from '../../src/testing/index.js';
import { anyBytes } from '../support/arbitrary-of.js';
import { anyEvents } from './any-event.js';
import { redactedEvent } from './redacted-event.js';
import { linesOf } from './recorded-lines.js';

const header = (part = 1, run = 1): string =>
  `${writeHeader({ package: '1.2.3', run, part, startedAt: '2026-01-01T00:00:00.000Z', at: 0, droppedBefore: 0 })}\n`;

/** The text of `events`, in a new part after every so many. */
function textOf(events: readonly SshEvent[], perPart = Infinity): string {
  const writer = new LineWriter();
  let text = '';
  events.forEach((event, index) => {
    if (index % perPart === 0) {
      writer.forget();
      text += header(1 + index / perPart);
    }
    text += writer.event(index + 1, index, event);
  });
  return text === '' ? header() : text;
}

const eventsIn = async (text: string): Promise<readonly SshEvent[]> => eventsOf(await linesOf([text]));
const eventsOf = (lines: readonly RecordedLine[]): readonly SshEvent[] =>
  lines.flatMap((line) => (line.kind === 'event' ? [line.event] : []));

const request = connectionRequest();
const granted: SshEvent = {
  type: 'Decided',
  connection: request.connection,
  request,
  by: 'default',
  source: 'rxsshd',
  phase: 'route',
  elapsedMs: 0,
  outcome: 'granted',
};

describe('an event in a recording', () => {
  it('comes back as it was but for its secrets', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(anyEvents, fc.integer({ min: 1, max: 10 }), async (events, perPart) => {
        for (const { type } of events) seen.add(type);
        expect(await eventsIn(textOf(events, perPart))).toStrictEqual(events.map(redactedEvent));
      }),
      { numRuns: 300 },
    );
    expect([...seen].sort()).toEqual([...SSH_EVENT_TYPES].sort());
  }, 60_000);

  it('is one line of valid UTF-8, whatever is in it', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const text = textOf(events);
        expect(text.split('\n')).toHaveLength(events.length + 2);
        expect(Buffer.from(text).toString()).toBe(text);
      }),
    );
  });

  it('keeps what was malformed malformed, and what was unknown unknown', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(ChannelRequestDetail, ChannelOpenDetail, GlobalRequestDetail),
        fc.nat(),
        anyBytes,
        (family, choice, data) => {
          const names = [...Object.keys(family.table), 'nonsense@example.com'];
          const name = names[choice % names.length] ?? '';
          if (family.decode(name, data).type === name) return;

          expect(family.decode(name, Buffer.alloc(data.length, 0xff)).type).toBe(family.decode(name, data).type);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('tells the length of what may be a secret, where that is no help to a thief', () => {
    const text = textOf([
      channelRequest.env('TOKEN', 'šš'),
      channelRequest.other('nonsense@example.com', Buffer.from('abc')),
    ]);

    expect(text).toContain('"detail":{"type":"env","variableName":"TOKEN","variableValue":{"redacted":4}}');
    expect(text).toContain('"data":{"redacted":3}');
  });

  it('tells of passwords and answers that they were there, and nothing else', () => {
    const long = textOf([
      authRequest.password('ann', 'correct horse'),
      authRequest.keyboardInteractiveAnswer('ann', ['battery staple']),
    ]);

    expect(textOf([authRequest.password('ann', ''), authRequest.keyboardInteractiveAnswer('ann', [''])])).toBe(long);
  });

  it('never shows what a secret exposes, of whatever type the event is', () => {
    const tainted = new Secret('tainted');
    // What a program in JavaScript may put into an event: fields that it does not have.
    const event = { ...authRequest.none('ann'), extra: tainted.expose(), password: tainted } as SshEvent;

    expect(textOf([event])).not.toContain('tainted');
  });

  it('is refused if it is of no known type', () => {
    // As above.
    const event = { type: 'Party', connection: request.connection } as unknown as SshEvent;

    expect(() => new LineWriter().event(1, 0, event)).toThrow(RangeError);
  });
});

describe('references between lines', () => {
  it('name a connection by its id and a request by its line, once both were written', () => {
    const [, first, second, third] = textOf([request, granted, granted]).split('\n');

    expect(first).toContain('"connection":{"id":"c1"');
    expect(second).toContain('"connection":"c1","request":1');
    expect(third).toContain('"connection":"c1","request":1');
  });

  it('are made of one object again, in one part and across parts', async () => {
    for (const perPart of [1, 2, 3]) {
      const [read, decided, again] = await eventsIn(textOf([request, granted, granted], perPart));

      expect(decided).toMatchObject({ type: 'Decided' });
      if (decided?.type === 'Decided') expect(decided.request).toBe(read);
      if (again?.type === 'Decided') expect(again.request).toBe(read);
      if (read?.type === 'ConnectionRequest' && again !== undefined && 'connection' in again) {
        expect(again.connection).toBe(read.connection);
      }
    }
  });

  it('never lead out of a part', async () => {
    const text = textOf([request, granted, channelOpen.session(), granted], 2);
    const second = text.slice(text.lastIndexOf('{"recording"'));

    expect(await eventsIn(second)).toEqual([channelOpen.session(), granted]);
  });

  it('are not made to what was not written', async () => {
    const writer = new LineWriter();
    writer.event(1, 0, request);
    writer.forget();

    expect(await eventsIn(header() + writer.event(2, 1, granted))).toEqual([granted]);
  });

  it('are not made to a connection that ended, which the reader has forgotten', async () => {
    const { connection } = request;
    const ended: SshEvent = {
      type: 'Disconnected',
      connection,
      by: 'peer',
      description: '',
      bytesReceived: 0,
      bytesSent: 0,
    };
    const denied: SshEvent = { ...granted, outcome: 'denied', reason: 'banned' };

    for (const last of [ended, denied]) {
      expect(await eventsIn(textOf([request, last, granted]))).toEqual([request, last, granted]);
    }
  });

  it('of another run are not mistaken for those of this one', async () => {
    const other = connectionRequest({ from: '203.0.113.1' });
    const text = header() + new LineWriter().event(1, 0, request) + header(2, 2) + new LineWriter().event(1, 0, other);

    expect(await eventsIn(text)).toEqual([request, other]);
  });
});
