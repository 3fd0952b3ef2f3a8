import type { ContainerModule } from 'inversify';
import { z } from 'zod';

import { messageOf, SshServerError } from '../errors.js';
import type { HandlerClass } from '../handlers/handler-class.js';
import type { HandlerFunction } from '../handlers/handler-function.js';
import { DEFAULT_LIMITS, type ProtocolLimits } from '../protocol/limits.js';
import { type AdmissionLimits, DEFAULT_ADMISSION } from '../streams/admission.js';
import { MAX_BANNER_LENGTH } from '../streams/banner-text.js';
import type { Clock } from '../streams/clock.js';
import type { GreetingOf } from '../streams/connection-greeting.js';
import type { LogLevel } from '../streams/events/log.js';
import type { BannerOf } from '../streams/user-auth-banner.js';
import type { AlgorithmLists } from '../transport/algorithm-lists.js';
import { ALGORITHM_PRESETS, type AlgorithmPreset } from '../transport/algorithm-presets.js';
import { COMPRESSION_ALGORITHMS } from '../transport/compression/compression-algorithms.js';
import { greetingLines } from '../transport/greeting-lines.js';
import type { HostKey } from '../transport/host-keys/host-key.js';
import { DEFAULT_REKEY_LIMITS, type RekeyLimits } from '../transport/rekey-limits.js';
import type { SshPlugin } from './plugin.js';

/** An authentication method that a server may offer (RFC 4252, RFC 4256). */
export type AuthMethod = 'publickey' | 'password' | 'keyboard-interactive' | 'hostbased';

/** What a server is made of. Only `hostKeys` is needed; without a handler that grants authentication nobody gets in. */
export interface CreateServerOptions {
  /**
   * Keys that prove who the server is; see `loadOrCreateHostKey`. Of several keys of one type the first is used, and clients
   * learn the others, for the day when one of them comes first.
   */
  readonly hostKeys: readonly HostKey[];
  /** Handler classes and plain handler functions, in reading order. */
  readonly handlers?: readonly (HandlerClass | HandlerFunction)[];
  /** Inversify modules with what the handlers want injected. */
  readonly modules?: readonly ContainerModule[];
  /**
   * Inversify modules for what each connection has for itself, such as a cache or a transaction: loaded into the container
   * of a connection, a child of the server's, when the first handler of scope `connection` is built there. Without such a
   * handler they are never loaded. What they bind is unbound at the end of the connection, which calls and awaits
   * deactivation handlers.
   */
  readonly connectionModules?: readonly ContainerModule[];
  /** Plugins, loaded after the modules. */
  readonly plugins?: readonly SshPlugin[];
  /**
   * Methods that users may sign in with, as clients are told, beside `none`. What comes by another one is not looked at: a policy sees
   * its name, as of a method that is unknown, and no password, answer or key. Default `publickey` and `password`. The documented
   * `DefaultAuthMethods`.
   */
  readonly authMethods?: readonly AuthMethod[];
  /** The name of a preset, or lists, most wanted first; a list that is left out is that of `modern`. Default `modern`. */
  readonly algorithms?: AlgorithmPreset | Partial<AlgorithmLists>;
  /** How long keys are used before the server asks for new ones. */
  readonly rekey?: Partial<RekeyLimits>;
  /**
   * The identification line after `SSH-2.0-`: a name of printable ASCII without spaces and minus signs and, behind a space, any
   * comment (RFC 4253 section 4.2). At most 244 characters. Default `rxsshd`. The documented `ServerSSHVersionString`.
   */
  readonly identification?: string;
  /**
   * Which clients are served, by their identification line: patterns of which one has to stand for all of it, with `*` for any
   * characters and `?` for one. Default `SSH-2.0-*` and `SSH-1.99-*`, which are all that speak the protocol. Whoever is not served is told
   * so (PROTOCOL_VERSION_NOT_SUPPORTED). A client can call itself what it likes: this keeps out what is broken, not who is
   * hostile. At most 64 patterns of 255 characters. The documented `SSHVersionPattern`.
   */
  readonly clientVersions?: readonly string[];
  /**
   * Lines that clients are sent before the server's identification (RFC 4253 section 4.2), the same for all or made for each
   * connection. Most clients ignore them, and old versions of libssh leave. At most 32 lines, none of which begins with `SSH-`,
   * and 255 bytes with the identification and all line ends: Go's client reads no more. Of a text that was made and breaks these
   * rules nothing is sent, and there is an `Error` event. Default nothing.
   */
  readonly greeting?: string | GreetingOf;
  /**
   * What users are shown before they sign in (RFC 4252 section 5.4), the same for all or made for each request until there is a
   * text with something in it to show. It is sent once, before the answer to that request; there is none for a name that nobody can have.
   * Control characters are left out, but for line ends and tabs; at most 8,192 characters are sent. A function that throws costs the
   * banner, with an `Error` event. Default nothing. The documented `UserAuthBanner`.
   */
  readonly banner?: string | BannerOf;
  /** Limits on one connection. */
  readonly limits?: Partial<ProtocolLimits>;
  /** Limits on all connections. */
  readonly admission?: Partial<AdmissionLimits>;
  /** From accept to successful authentication, in milliseconds. Default 60,000. */
  readonly loginGraceMs?: number;
  /**
   * How long a client may keep silent during a key re-exchange, in milliseconds. Default 20,000. While data that was sent before
   * still moves, the time is granted again, fifteen times at most.
   */
  readonly keyExchangeTimeoutMs?: number;
  /** How long policies may think about one request, in milliseconds; silence denies. Default 30,000. */
  readonly decisionDeadlineMs?: number;
  /** How much the `Log` stream tells: 0 nothing, 1 handshake and life cycle, 2 each request, 3 each packet. Default 1. */
  readonly logLevel?: LogLevel;
  /** Where time comes from. Default the real time. */
  readonly clock?: Clock;
  /** Told at start of what an operator should know. Default `process.emitWarning`. */
  readonly onWarning?: (message: string) => void;
}

const count = z.int().min(1);
const milliseconds = z
  .number()
  .min(1)
  .max(2 ** 31 - 1);

/** A text, or a function that makes one. */
const textOrFunction = <Of extends (subject: never) => string | undefined>() =>
  z.custom<string | Of>((value) => typeof value === 'string' || typeof value === 'function', {
    error: 'expected a text, or a function that makes one',
  });

const { modern, compatible } = ALGORITHM_PRESETS;

/** What there is. `compatible` has all of it, compression apart, which no preset has. */
const known: AlgorithmLists = { ...compatible, compression: COMPRESSION_ALGORITHMS };

/** A list of algorithms of one kind. */
function algorithmList(kind: keyof AlgorithmLists) {
  const choices = known[kind].join(', ');
  return z
    .array(z.string().refine((name) => known[kind].includes(name), { error: `not one of ${choices}` }))
    .nonempty({ error: `an empty list; the choices are ${choices}` })
    .default([...modern[kind]]);
}

const isPreset = (value: unknown): value is AlgorithmPreset =>
  typeof value === 'string' && Object.hasOwn(ALGORITHM_PRESETS, value);

const algorithmLists = z.strictObject(
  {
    keyExchange: algorithmList('keyExchange'),
    hostKeys: algorithmList('hostKeys'),
    ciphers: algorithmList('ciphers'),
    macs: algorithmList('macs'),
    compression: algorithmList('compression'),
    publicKeySignatures: algorithmList('publicKeySignatures'),
  },
  {
    error: ({ code }) =>
      code === 'invalid_type' ? `not one of ${Object.keys(ALGORITHM_PRESETS).join(', ')}, and no lists` : undefined,
  },
);

/** The options that are plain data, with their defaults. */
const settingsSchema = z.strictObject({
  authMethods: z
    .array(z.enum(['publickey', 'password', 'keyboard-interactive', 'hostbased']))
    .nonempty()
    .default(['publickey', 'password']),
  algorithms: z.preprocess(
    (value) => (isPreset(value) ? ALGORITHM_PRESETS[value] : value),
    algorithmLists.prefault({}),
  ),
  rekey: z
    .strictObject({
      // A key exchange costs about as much as 1 MiB of traffic; below these limits a server would do little else.
      bytes: z
        .int()
        .min(64 * 1024)
        .max(64 * 2 ** 30)
        .default(DEFAULT_REKEY_LIMITS.bytes),
      ms: milliseconds.min(1000).default(DEFAULT_REKEY_LIMITS.ms),
      packets: z
        .int()
        .min(64)
        .max(2 ** 31)
        .default(DEFAULT_REKEY_LIMITS.packets),
    })
    .prefault({}),
  // RFC 4253 section 4.2: printable US-ASCII without space or minus; 255 characters with SSH-2.0- and the line end.
  identification: z
    .string()
    .max(244, { error: 'at most 244 characters' })
    .regex(/^[!-,.-~]+(?: [ -~]*)?$/u, {
      error:
        'what comes after SSH-2.0-: printable ASCII without spaces and minus signs, and behind a space any comment of printable ASCII',
    })
    .default('rxsshd'),
  clientVersions: z
    .array(z.string().regex(/^[ -~]{1,255}$/u, { error: 'a pattern of 1 to 255 printable ASCII characters' }))
    .nonempty({ error: 'an empty list, which would let nobody in' })
    .max(64, { error: 'at most 64 patterns' })
    .default(['SSH-2.0-*', 'SSH-1.99-*']),
  greeting: textOrFunction<GreetingOf>().optional(),
  banner: textOrFunction<BannerOf>()
    .refine((banner) => typeof banner !== 'string' || banner.length <= MAX_BANNER_LENGTH, {
      error: `a banner of more than ${String(MAX_BANNER_LENGTH)} characters`,
    })
    .optional(),
  limits: z
    .strictObject({
      maxAuthFailures: count.default(DEFAULT_LIMITS.maxAuthFailures),
      maxAuthRequests: count.default(DEFAULT_LIMITS.maxAuthRequests),
      maxChannels: count.default(DEFAULT_LIMITS.maxChannels),
      maxWaitingRequests: count.default(DEFAULT_LIMITS.maxWaitingRequests),
      maxWaitingRequestBytes: count.default(DEFAULT_LIMITS.maxWaitingRequestBytes),
      maxKeyExchangesBeforeAuth: count.default(DEFAULT_LIMITS.maxKeyExchangesBeforeAuth),
      windowSize: z
        .int()
        .min(32 * 1024)
        .max(2 ** 31)
        .default(DEFAULT_LIMITS.windowSize),
      // RFC 4253 section 6.1 has every implementation take 32,768 bytes of payload; the engine takes 35,000 of packet.
      maxPacketSize: z
        .int()
        .min(1024)
        .max(32 * 1024)
        .default(DEFAULT_LIMITS.maxPacketSize),
      minPeerPacketSize: count.default(DEFAULT_LIMITS.minPeerPacketSize),
    })
    .prefault({}),
  admission: z
    .strictObject({
      maxConnections: count.default(DEFAULT_ADMISSION.maxConnections),
      maxStartups: count.default(DEFAULT_ADMISSION.maxStartups),
      maxPerSource: count.default(DEFAULT_ADMISSION.maxPerSource),
    })
    .prefault({}),
  loginGraceMs: milliseconds.default(60_000),
  keyExchangeTimeoutMs: milliseconds.default(20_000),
  decisionDeadlineMs: milliseconds.default(30_000),
  logLevel: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]).default(1),
});

/** The schema, with what is not right about one option beside another. */
const coherentSettings = settingsSchema.superRefine(({ greeting, identification }, context) => {
  if (typeof greeting !== 'string') return;
  try {
    greetingLines(greeting, Buffer.from(identification, 'latin1'));
  } catch (cause) {
    context.addIssue({ code: 'custom', path: ['greeting'], message: messageOf(cause) });
  }
});

/** The plain settings, complete. */
export type ServerSettings = z.output<typeof settingsSchema>;

/**
 * Checks the plain settings and fills in defaults.
 *
 * @throws SshServerError `ERR_SSH_OPTION` with the path of each bad field
 */
export function readSettings(options: CreateServerOptions): ServerSettings {
  const { hostKeys, handlers, modules, connectionModules, plugins, clock, onWarning, ...settings } = options;
  checkParts({ hostKeys, handlers, modules, connectionModules, plugins, clock, onWarning });
  const result = coherentSettings.safeParse(settings);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`);
  throw new SshServerError('ERR_SSH_OPTION', `createServer: ${faults.join('; ')}`);
}

/** What a schema cannot say better: these are objects and functions. */
function checkParts(parts: Readonly<Record<string, unknown>>): void {
  for (const name of ['hostKeys', 'handlers', 'modules', 'connectionModules', 'plugins']) {
    const value = parts[name];
    if (value === undefined && name !== 'hostKeys') continue;
    if (!Array.isArray(value)) {
      throw new SshServerError('ERR_SSH_OPTION', `createServer: ${name}: expected an array, got ${typeof value}`);
    }
  }
}
