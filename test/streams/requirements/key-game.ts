import { NEVER } from 'rxjs';
import fc from 'fast-check';

import {
  decide,
  grantKeyboardInteractive,
  grantPublicKey,
  type Handler,
  type Identity,
  leaseEach,
  requireMethods,
  type SSHUserAuthRequest,
} from '../../../src/index.js';

/** The keys of the game, by what stands for them. */
export const KEY_NAMES = ['A', 'B', 'C'] as const;
export type KeyName = (typeof KEY_NAMES)[number];

/** Who may sign in, with which keys, and by which steps: `key` is any of the keys that was not used before. */
const USERS = {
  ann: { keys: ['A'], steps: ['key'] },
  bob: { keys: ['B', 'C'], steps: ['key', 'key'] },
  carol: { keys: ['A', 'C'], steps: ['key', 'code'] },
  mallory: { keys: [], steps: ['key'] },
} as const satisfies Readonly<Record<string, Player>>;
type User = keyof typeof USERS;

interface Player {
  readonly keys: readonly KeyName[];
  readonly steps: readonly ('key' | 'code')[];
}

const EXPRESSIONS: Readonly<Record<string, string>> = {
  ann: 'publickey',
  bob: 'publickey+publickey',
  carol: 'publickey+code',
  mallory: 'publickey',
};

/** One move of a client. */
export type GameMove =
  | { readonly kind: 'offer' | 'prove'; readonly user: User; readonly key: KeyName }
  /** A request for one key, with the signature of another over the same text. */
  | { readonly kind: 'forge'; readonly user: User; readonly key: KeyName; readonly signedBy: KeyName }
  /** A request of one user, with the signature over that of another. */
  | { readonly kind: 'borrow'; readonly user: User; readonly key: KeyName; readonly from: User }
  | { readonly kind: 'code'; readonly user: User };

export type GameAnswer = 'acceptable' | 'partial' | 'granted' | 'denied';

const anyUser = fc.constantFrom<User>('ann', 'bob', 'carol', 'mallory');
const key = fc.constantFrom(...KEY_NAMES);

/** Moves mostly of one user, or nobody would get far. */
function movesOf(mostly: User): fc.Arbitrary<readonly GameMove[]> {
  const user = fc.oneof({ weight: 9, arbitrary: fc.constant(mostly) }, anyUser);
  const withKey: fc.Arbitrary<GameMove> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('offer', 'prove'), user, key }) },
    fc.record({ kind: fc.constant('forge' as const), user, key, signedBy: key }).filter((it) => it.key !== it.signedBy),
    fc.record({ kind: fc.constant('borrow' as const), user, key, from: anyUser }).filter((it) => it.user !== it.from),
  );
  return fc.oneof(
    { weight: 4, arbitrary: fc.array(withKey, { minLength: 1, maxLength: 5 }) },
    user.map((it) => [{ kind: 'code' as const, user: it }]),
  );
}

/** What a client sends before it reads: several requests with keys, or questions and their answer. */
export const bursts: fc.Arbitrary<readonly (readonly GameMove[])[]> = anyUser.chain((mostly) =>
  fc.array(movesOf(mostly), { maxLength: 8 }),
);

/** The rules, in other words than those of the server. */
export class KeyGame {
  #user: User | undefined;
  #passed: (KeyName | 'code')[] = [];

  /** The steps that were passed, by key or as `code`. */
  get passed(): readonly (KeyName | 'code')[] {
    return this.#passed;
  }

  answer(move: GameMove): GameAnswer {
    if (move.user !== this.#user) this.#passed = [];
    this.#user = move.user;
    const { keys, steps }: Player = USERS[move.user];
    const next = steps[this.#passed.length];
    if (move.kind === 'code') {
      if (next !== 'code') return 'denied';
      this.#passed.push('code');
    } else {
      if (next !== 'key' || !keys.includes(move.key) || this.#passed.includes(move.key)) return 'denied';
      if (move.kind === 'offer') return 'acceptable';
      if (move.kind !== 'prove') return 'denied';
      this.#passed.push(move.key);
    }
    return this.#passed.length === steps.length ? 'granted' : 'partial';
  }
}

/** A server that goes by the rules, and says who has got in. */
export function gameHandlers(
  lineOf: (key: KeyName) => string,
  onSignedIn: (identity: Identity | undefined) => void,
): readonly Handler[] {
  const keysOf = (name: string): Promise<string> => {
    const { keys }: Player = Object.hasOwn(USERS, name) ? USERS[name as User] : USERS.mallory;
    return Promise.resolve(keys.map(lineOf).join('\n'));
  };
  return [
    decide(
      'SSHUserAuthRequest',
      requireMethods(({ user: name }) => EXPRESSIONS[name] ?? 'publickey'),
      { phase: 'limit' },
    ),
    decide('SSHUserAuthRequest', grantPublicKey(keysOf)),
    decide(
      'SSHUserAuthRequest',
      grantKeyboardInteractive({
        name: 'code',
        prompts: [{ text: 'Code: ' }],
        verify: (_user, [code]) => code === '42',
      }),
    ),
    decide(
      'SSHUserAuthRequest',
      leaseEach<SSHUserAuthRequest>('witness', () => ({ connection }) => {
        onSignedIn(connection.identity);
        return NEVER;
      }),
    ),
  ];
}

/** Nothing but the rules ends a game. */
export const GAME_LIMITS = { maxAuthFailures: 1000, maxAuthRequests: 1000 } as const;

/** The fingerprints in the order of the steps. */
export const fingerprintsOf = ({ keyFingerprint, steps }: Identity): readonly (string | undefined)[] =>
  steps === undefined ? [keyFingerprint] : steps.map((step) => step.keyFingerprint);
