import { act } from '../simulation/client-action.js';
import { ClientHistory, type HistoryClient } from './client-history.js';
import type { Arbitrary, FastCheck, HistoryArbitrary } from './fast-check.js';
import type { HistoryOptions } from './history-options.js';
import type { HistoryMove, HistoryStep } from './history-step.js';
import { payloadSteps } from './payload-steps.js';
import { channelSteps, CONNECT, ENDS, GLOBAL_REQUESTS, OPEN_SESSION, OPENINGS } from './session-steps.js';
import { signInSteps } from './sign-in-steps.js';

/** Addresses for documentation (RFC 5737). */
const ADDRESSES = ['192.0.2.7', '192.0.2.8', '198.51.100.9'];

const MAX_CLIENTS = 3;
const MAX_STEPS = 12;

/** How long steps are apart, the usual first, since that is where shrinking goes. Generators prefer both ends. */
const PAUSES: readonly HistoryMove['pause'][] = [
  0,
  0,
  0,
  0,
  2,
  0,
  1000,
  0,
  20,
  0,
  30_000,
  0,
  'together',
  'together',
  600_000,
  0,
  0,
  'together',
  'together',
  'together',
];

/** Of the values of a die, the one that says yes: neither end, which generators prefer. */
const RARELY = 4;
const DIE = { min: 0, max: 9 } as const;

/**
 * Generates what clients may do to a server, valid and invalid: sign-ins right and wrong, channels and requests, steps that do not
 * wait for the answer to the one before, messages out of place, malformed, of any number or for channels that do not exist,
 * answers to nothing, overrun windows, and an end at any point. Shrinks to the shortest marble diagrams.
 *
 * Play them with {@link playHistory}, and judge what has happened with {@link expectInvariants}.
 *
 * @param fc - fast-check, version 4
 * @example
 * ```ts
 * import fc from 'fast-check';
 *
 * const mayEnter = (it: Credential) => it.method === 'password' && it.user === 'ann' && it.password === 'right';
 * const histories = clientHistories(fc, { users: ['ann', 'bob'], passwords: ['right'], mayEnter });
 * await fc.assert(
 *   fc.asyncProperty(histories, async (history) => {
 *     await using simulation = await simulate({
 *       policies: {
 *         SSHUserAuthRequest: [grantPassword((user, password) => user === 'ann' && password === 'right')],
 *       },
 *     });
 *     expectInvariants(await playHistory(simulation, history), { mayEnter });
 *   }),
 * );
 * ```
 */
export function clientHistories(fc: FastCheck, options: HistoryOptions): HistoryArbitrary<ClientHistory> {
  const { addresses = ADDRESSES, maxClients = MAX_CLIENTS, maxSteps = MAX_STEPS } = options;
  const { attempts, odd, right } = signInSteps(options);
  const choices = {
    connect: fc.constantFrom(CONNECT),
    signIn: fc.constantFrom(...attempts.flat()),
    odd: fc.oneof(
      { weight: 1, arbitrary: fc.constantFrom(...odd) },
      { weight: 3, arbitrary: payloadSteps(fc, options) },
    ),
    opening: fc.constantFrom(...OPENINGS),
    onChannel: onChannels(fc, options),
    global: fc.constantFrom(...GLOBAL_REQUESTS),
    end: fc.constantFrom(...ENDS),
  };
  const client = (first: Arbitrary<readonly HistoryStep[]>, weights: Weights): Arbitrary<HistoryClient> =>
    fc
      .tuple(
        fc.integer({ min: 0, max: addresses.length - 1 }),
        fc.integer(DIE),
        first,
        fc.array(anyMove(fc, choices, weights, options), { minLength: 0, maxLength: maxSteps, size: 'max' }),
      )
      .map(([address, silence, begun, further]) => ({
        address: addresses[address] ?? '',
        silent: silence === RARELY,
        moves: [...begun.map((it) => ({ ...it, pause: 0 })), ...further],
      }));
  const trying = beginning(
    fc,
    attempts.map((steps) => [CONNECT, ...steps]),
  );
  const signedIn = beginning(
    fc,
    right.map((steps) => [CONNECT, ...steps, OPEN_SESSION]),
  );
  const clients = fc.oneof(
    { weight: 3, arbitrary: client(fc.constantFrom<readonly HistoryStep[]>([]), NOBODY) },
    { weight: 3, arbitrary: client(trying, GUESSER) },
    { weight: 4, arbitrary: client(signedIn, USER) },
    { weight: 3, arbitrary: client(signedIn, INTRUDER) },
  );
  const histories = fc
    .array(clients, { minLength: 0, maxLength: maxClients, size: 'max' })
    .map((them) => new ClientHistory(them));
  // What fast-check makes is seen through two interfaces, of which each has what its reader needs.
  return histories as Arbitrary<ClientHistory> & HistoryArbitrary<ClientHistory>;
}

/** One of `starts`, or a connection if there is none; in most cases the whole of it, since shrinking takes from its end. */
const beginning = (fc: FastCheck, starts: readonly (readonly HistoryStep[])[]): Arbitrary<readonly HistoryStep[]> =>
  fc
    .tuple(fc.integer({ min: 0, max: 30 }), fc.constantFrom(...(starts.length === 0 ? [[CONNECT]] : starts)))
    .map(([length, steps]) => steps.slice(0, length));

/** Kinds of steps. */
type Choices = Readonly<
  Record<'connect' | 'signIn' | 'odd' | 'opening' | 'onChannel' | 'global' | 'end', Arbitrary<HistoryStep>>
>;

/** How often a client takes steps of each kind. */
type Weights = Readonly<Record<keyof Choices, number>>;

/** Knows nothing of the protocol. */
const NOBODY: Weights = { connect: 6, signIn: 6, odd: 4, opening: 2, onChannel: 2, global: 1, end: 1 };
/** Tries to get in. */
const GUESSER: Weights = { connect: 4, signIn: 16, odd: 0, opening: 1, onChannel: 1, global: 0, end: 1 };
/** Has got in, and does nothing wrong. */
const USER: Weights = { connect: 0, signIn: 1, odd: 0, opening: 5, onChannel: 12, global: 3, end: 1 };
/** Has got in, and tries what it can break. */
const INTRUDER: Weights = { connect: 0, signIn: 1, odd: 6, opening: 4, onChannel: 8, global: 2, end: 0 };

function anyMove(fc: FastCheck, choices: Choices, weights: Weights, options: HistoryOptions): Arbitrary<HistoryMove> {
  const { steps = [] } = options;
  const kinds = KINDS.flatMap((kind) =>
    weights[kind] === 0 ? [] : [{ weight: weights[kind], arbitrary: choices[kind] }],
  );
  if (steps.length > 0) kinds.push({ weight: 4, arbitrary: fc.constantFrom(...steps) });
  return fc
    .tuple(fc.oneof(...kinds), fc.integer({ min: 0, max: PAUSES.length - 1 }), fc.integer(DIE))
    .map(([step, pause, haste]) => ({
      ...(haste === RARELY || haste === RARELY + 1 ? inHaste(step) : step),
      pause: PAUSES[pause] ?? 0,
    }));
}

const KINDS = ['connect', 'signIn', 'odd', 'opening', 'onChannel', 'global', 'end'] as const;

function onChannels(fc: FastCheck, options: HistoryOptions): Arbitrary<HistoryStep> {
  const steps = channelSteps(options);
  return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...steps) }, { weight: 1, arbitrary: elsewhere(fc, steps) });
}

/** The same on another channel than the last. */
const elsewhere = (fc: FastCheck, steps: readonly HistoryStep[]): Arbitrary<HistoryStep> =>
  fc.tuple(fc.constantFrom(...steps), fc.integer({ min: 1, max: 3 })).map(([{ letter, code, step }, ordinal]) => ({
    letter,
    code: `act.onChannel(${String(ordinal)}, ${code})`,
    step: act.onChannel(ordinal, step),
  }));

/** The same without waiting for an answer. */
function inHaste(step: HistoryStep): HistoryStep {
  if (step.code.startsWith('act.atOnce(')) return step;
  return { ...step, code: `act.atOnce(${step.code})`, step: act.atOnce(step.step) };
}
