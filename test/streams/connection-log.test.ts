import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Log, LogLevel, LogStep, SSHStatus } from '../../src/index.js';
import type { AuthAttempt } from '../../src/protocol/authentication/auth-attempt.js';
import { ConnectionLog } from '../../src/streams/connection-log.js';
import { DenyReason } from '../../src/streams/deny-reason.js';
import { EventHub } from '../../src/streams/event-hub.js';
import { LOG_STEP_LEVELS } from '../../src/streams/log-step-levels.js';
import { printable } from '../../src/transport/printable.js';
import type { NegotiatedAlgorithms, TransportEnd } from '../../src/transport/transport-listener.js';
import { connectionFrom } from './request-fixtures.js';

const connection = connectionFrom('192.0.2.1');
const algorithms: NegotiatedAlgorithms = {
  keyExchange: 'curve25519-sha256',
  hostKey: 'ssh-ed25519',
  cipherIn: 'aes128-ctr',
  cipherOut: 'aes128-ctr',
  macIn: 'hmac-sha2-256',
  macOut: 'hmac-sha2-256',
};

/** What a peer, or a policy, may call something. */
interface Words {
  readonly text: string;
  /** What the transport has made printable. */
  readonly line: string;
  readonly attempt: AuthAttempt;
  readonly query: AuthAttempt;
  readonly refusal: { readonly by: string; readonly reason: DenyReason };
  readonly channel: { readonly localNumber: number; readonly channelType: string };
  readonly algorithms: NegotiatedAlgorithms;
  readonly end: TransportEnd;
  readonly identity: { readonly user: string; readonly method: string };
}

const wordsOf = (text: string, by = text): Words => ({
  text,
  line: printable(text),
  attempt: { user: text, service: 'ssh-connection', ordinal: 2, method: 'other', name: text },
  query: { user: text, service: 'ssh-connection', ordinal: 1, method: 'none' },
  refusal: { by, reason: DenyReason.NotPermitted },
  channel: { localNumber: 0, channelType: text },
  algorithms,
  end: { by: 'peer', reason: 'BY_APPLICATION', description: printable(text) },
  identity: { user: text, method: text },
});

/** Every step there is, in the words of somebody. */
const steps: { readonly [Kind in LogStep['kind']]: (log: ConnectionLog, words: Words) => void } = {
  connected: (log) => {
    log.connected();
  },
  'connection-refused': (log, { refusal }) => {
    log.connectionRefused(refusal);
  },
  'greeting-sent': (log) => {
    log.greetingSent(7);
  },
  identified: (log, { line }) => {
    log.identified(line);
  },
  'client-refused': (log, { line }) => {
    log.clientRefused(line);
  },
  'key-exchange-begun': (log) => {
    log.keyExchangeBegun('client', 2);
  },
  'algorithms-negotiated': (log, words) => {
    log.algorithmsNegotiated(words.algorithms, 1);
  },
  'keys-exchanged': (log, words) => {
    log.keysExchanged(words.algorithms, 1);
  },
  'service-accepted': (log, { text }) => {
    log.serviceAccepted(text);
  },
  'service-refused': (log, { text, refusal }) => {
    log.serviceRefused(text, refusal);
  },
  'banner-sent': (log) => {
    log.bannerSent(7);
  },
  'auth-requested': (log, { attempt }) => {
    log.authRequested(attempt);
  },
  'auth-answered': (log, { attempt }) => {
    log.authAnswered(attempt, 'challenge');
  },
  'auth-failed': (log, { attempt, refusal }) => {
    log.authFailed(attempt, refusal);
  },
  authenticated: (log, { identity }) => {
    log.authenticated(identity);
  },
  'command-forced': (log, { text }) => {
    log.commandForced(text);
  },
  'channel-opened': (log, { channel }) => {
    log.channelOpened(channel);
  },
  'channel-refused': (log, { text, refusal }) => {
    log.channelRefused(text, refusal);
  },
  'channel-requested': (log, { channel, text }) => {
    log.channelRequested(channel, text, true);
  },
  'channel-eof': (log, { channel }) => {
    log.channelEof(channel);
  },
  'channel-closed': (log, { channel }) => {
    log.channelClosed(channel);
  },
  'global-requested': (log, { text }) => {
    log.globalRequested(text, false);
  },
  'user-told': (log, { text }) => {
    log.userTold(text);
  },
  packet: (log) => {
    log.packet('in', 94, 9);
  },
  disconnected: (log, { end }) => {
    log.disconnected(end);
  },
};
// The keys of the table are its type.
const kinds = Object.keys(steps) as LogStep['kind'][];
const ofLevel = (level: number) => kinds.filter((kind) => LOG_STEP_LEVELS[kind] === level);

function listen(level: LogLevel) {
  const hub = new EventHub();
  const log = new ConnectionLog(connection, hub, level);
  const logged: Log[] = [];
  const statuses: SSHStatus[] = [];
  hub.streams.Log.subscribe((event) => logged.push(event));
  hub.streams.SSHStatus.subscribe((event) => statuses.push(event));
  return { hub, log, logged, statuses };
}

/** Stands for anything; whoever looks at it has begun to build something. */
const untouchable = new Proxy(() => undefined, {
  get: () => {
    throw new Error('somebody looked');
  },
});
// Whatever the words are: nobody is to look at them.
const untouched = Object.fromEntries(Object.keys(wordsOf('')).map((name) => [name, untouchable])) as unknown as Words;

describe('the log of a connection', () => {
  it.each([0, 1, 2, 3] as const)(
    'of level %i tells the steps up to there, and the status those of level 1',
    (level) => {
      const { log, logged, statuses } = listen(level);
      for (const kind of kinds) steps[kind](log, wordsOf('ann'));

      const wanted = kinds.filter((kind) => LOG_STEP_LEVELS[kind] <= level);
      expect(logged.map(({ step }) => step?.kind)).toEqual(wanted);
      for (const { step, level: told } of logged) expect(told).toBe(step && LOG_STEP_LEVELS[step.kind]);
      expect(statuses.map(({ step }) => step?.kind)).toEqual(ofLevel(1));
    },
  );

  it('says the same in both', () => {
    const { log, logged, statuses } = listen(1);
    for (const kind of kinds) steps[kind](log, wordsOf('ann'));

    expect(logged.map(({ message, step, connection: whose }) => ({ message, step, whose }))).toEqual(
      statuses.map(({ message, step, connection: whose }) => ({ message, step, whose })),
    );
  });

  it('reads in words', () => {
    const { log, logged } = listen(3);
    for (const kind of kinds) steps[kind](log, wordsOf('ann'));

    expect(logged.map(({ message }) => message)).toEqual([
      'connection accepted',
      'connection refused: not-permitted (ann)',
      'greeting of 7 bytes sent',
      'client identified as "ann"',
      'client refused as "ann"',
      'key exchange 2 begun by the client',
      'algorithms negotiated: curve25519-sha256, ssh-ed25519, aes128-ctr, hmac-sha2-256',
      'keys exchanged: curve25519-sha256, ssh-ed25519, aes128-ctr, hmac-sha2-256',
      'service accepted: "ann"',
      'service refused: "ann", not-permitted',
      'banner of 7 characters sent',
      'sign-in requested: "ann" by "ann", request 2',
      'sign-in answered: "ann" by "ann", request 2, challenge',
      'sign-in failed: "ann" by "ann", not-permitted (ann)',
      'authenticated: "ann" by "ann"',
      'the forced command is put in place of "ann"',
      'channel c1.0 opened: "ann"',
      'channel refused: "ann", not-permitted (ann)',
      'channel c1.0 request granted: "ann"',
      'channel c1.0: end of input',
      'channel c1.0 closed',
      'global request refused: "ann"',
      'user told: "ann"',
      'in 94 CHANNEL_DATA, 9 bytes',
      'disconnected by the peer (BY_APPLICATION): "ann"',
    ]);
  });

  it('does not call it a failure that a query was refused', () => {
    const { log, logged, statuses } = listen(2);
    const { query, refusal } = wordsOf('ann');
    log.authFailed(query, refusal);

    expect(statuses).toEqual([]);
    expect(logged.map(({ step }) => step)).toEqual([
      { kind: 'auth-answered', user: 'ann', method: 'none', ordinal: 1, outcome: 'failure' },
    ]);
  });

  it('has the names of compression where there is some', () => {
    const { log, statuses } = listen(1);
    log.keysExchanged({ ...algorithms, macOut: '', compressionOut: 'zlib@openssh.com' }, 2);

    expect(statuses[0]?.message).toBe('keys renewed: curve25519-sha256, ssh-ed25519, aes128-ctr, zlib@openssh.com');
  });

  it('is one line without control characters and of bounded length, whatever peers and policies call things', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary', maxLength: 2000 }), fc.constant('\u001b[2J\r\nroot: ok')),
        (text) => {
          const { log, logged } = listen(3);
          for (const kind of kinds) steps[kind](log, wordsOf(text));

          expect(logged).toHaveLength(kinds.length);
          for (const { message, step } of logged) {
            expect(message).toMatch(/^[\x20-\x7e]{0,2000}$/u);
            expect(JSON.stringify(step)).toMatch(/^[\x20-\x7e]{0,4000}$/u);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the words of a step', () => {
  const QUOTED = /"(?:[^"\\]|\\.)*"/gu;

  function messagesFor(text: string): ReadonlyMap<string, string> {
    const { log, logged } = listen(3);
    // What policies are called is the server's own.
    for (const kind of kinds) steps[kind](log, wordsOf(text, 'policy'));
    return new Map(logged.map(({ step, message }) => [step?.kind ?? '', message]));
  }

  const ordinary = messagesFor('ann');

  /** Names that read like other steps, or that try to end the quotes. */
  const hostile = [
    'root authenticated by publickey',
    'authenticated: "root" by "publickey"',
    'ann" by "password", not-permitted (policy)',
    'ann\\',
    'ann\\" by "publickey',
    'ann\\\\" by "publickey',
    '\nauthenticated: "root" by "publickey"',
    '"',
    '',
  ];

  it.each(hostile)('are fixed, and have what a peer has said in quotes, be it %j', (text) => {
    for (const [kind, message] of messagesFor(text)) {
      const like = ordinary.get(kind) ?? '';
      expect(message.replace(QUOTED, '""'), kind).toBe(like.replace(QUOTED, '""'));
      expect(message.split('"')[0], kind).toMatch(/^[a-z]/u);
      for (const quoted of message.match(QUOTED) ?? []) {
        const said: unknown = JSON.parse(quoted);
        expect(said, kind).toBe(printable(text));
      }
    }
  });

  it('have quotes wherever a peer has a say', () => {
    const withQuotes = [...ordinary].filter(([, message]) => message.includes('"')).map(([kind]) => kind);
    const unlike = [...messagesFor('eve')].filter(([kind, message]) => message !== ordinary.get(kind));

    expect(withQuotes).toEqual(unlike.map(([kind]) => kind));
    expect(withQuotes.length).toBeGreaterThan(12);
  });
});

describe('the log of a connection builds nothing', () => {
  it('that nobody listens to', () => {
    const log = new ConnectionLog(connection, new EventHub(), 3);
    for (const kind of kinds) steps[kind](log, untouched);
  });

  it('above its level', () => {
    for (const level of [0, 1, 2] as const) {
      const { log } = listen(level);
      for (const kind of kinds) {
        if (LOG_STEP_LEVELS[kind] > Math.max(level, 1)) steps[kind](log, untouched);
      }
    }
  });

  it('for a log that is switched off, if nobody wants the status', () => {
    const hub = new EventHub();
    hub.streams.Log.subscribe();
    const log = new ConnectionLog(connection, hub, 0);
    for (const kind of kinds) steps[kind](log, untouched);
  });

  it('but does look at what it is given if somebody listens', () => {
    const { log } = listen(2);
    expect(() => {
      steps['channel-opened'](log, untouched);
    }).toThrow('somebody looked');
  });
});

describe('the end of a connection', () => {
  it('is the last that its log tells', () => {
    const { log, logged, statuses } = listen(3);
    const words = wordsOf('ann');
    log.disconnected(words.end);
    for (const kind of kinds) steps[kind](log, words);

    expect(logged).toHaveLength(1);
    expect(statuses).toHaveLength(1);
  });

  it('is not followed by the step that brought it about', () => {
    const { hub, log, logged, statuses } = listen(3);
    const words = wordsOf('ann');
    hub.streams.SSHStatus.subscribe(({ step }) => {
      if (step?.kind === 'identified') log.disconnected(words.end);
    });
    log.identified('SSH-2.0-x');

    expect(statuses.map(({ step }) => step?.kind)).toEqual(['identified', 'disconnected']);
    expect(logged.map(({ step }) => step?.kind)).toEqual(['disconnected']);
  });
});
