import { authRequest } from '../auth-request.js';
import { act } from '../simulation/client-action.js';
import { serviceRequest } from '../service-request.js';
import type { Credential } from './credential.js';
import type { HistoryOptions } from './history-options.js';
import { type HistoryStep, literal } from './history-step.js';

const WRONG = 'wrong';

/** What a client may do to get in, and beside it. */
export interface SignInSteps {
  /** Every attempt, right or wrong: each is one step, or two with questions. */
  readonly attempts: readonly (readonly HistoryStep[])[];
  /** What no client in its right mind does. */
  readonly odd: readonly HistoryStep[];
  /** Those that get somebody in. */
  readonly right: readonly (readonly HistoryStep[])[];
}

/** All ways to sign in that a client with these means can think of. */
export function signInSteps(options: HistoryOptions): SignInSteps {
  const { users, mayEnter } = options;
  const attempts = users.flatMap((user) => attemptsOf(user, options));
  const enters = ({ credential }: Attempt, ...earlier: readonly Credential[]): boolean =>
    credential !== undefined && mayEnter(credential, earlier);
  const right = attempts.filter((attempt) => enters(attempt)).map(({ steps }) => steps);
  const rightInTwo = attempts.flatMap(({ credential: first, steps }) =>
    attempts
      .filter((second) => first !== undefined && first.user === second.credential?.user && !enters(second))
      .filter((second) => first !== undefined && enters(second, first))
      .map((second) => [...steps, ...second.steps]),
  );
  const [user = ''] = users;
  return {
    attempts: attempts.map(({ steps }) => steps),
    right: [...right, ...rightInTwo],
    odd: oddSteps(user),
  };
}

interface Attempt {
  readonly steps: readonly HistoryStep[];
  readonly credential?: Credential;
}

function attemptsOf(user: string, { passwords = [], keys = [], answers = [] }: HistoryOptions): readonly Attempt[] {
  const name = literal(user);
  const questions: HistoryStep = {
    letter: 'i',
    code: `authRequest.keyboardInteractive(${name})`,
    step: authRequest.keyboardInteractive(user),
  };
  return [
    {
      steps: [{ letter: 'n', code: `authRequest.none(${name})`, step: authRequest.none(user) }],
      credential: { method: 'none', user },
    },
    ...[...passwords, WRONG].map((password): Attempt => {
      const code = `authRequest.password(${name}, ${literal(password)})`;
      return {
        steps: [{ letter: 'p', code, step: authRequest.password(user, password) }],
        credential: { method: 'password', user, password },
      };
    }),
    ...keys.flatMap((key) => keyAttempts(user, key)),
    ...[...answers, [WRONG]].map((given): Attempt => {
      const code = `authRequest.keyboardInteractiveAnswer(${name}, [${given.map(literal).join(', ')}])`;
      const answer = { letter: 'a', code, step: authRequest.keyboardInteractiveAnswer(user, given) };
      return { steps: [questions, answer], credential: { method: 'keyboard-interactive', user, answers: given } };
    }),
  ];
}

function keyAttempts(user: string, line: string): readonly Attempt[] {
  const written = `(${literal(user)}, ${literal(line)})`;
  const proven = authRequest.provenKey(user, line);
  return [
    {
      steps: [{ letter: 'o', code: `authRequest.offeredKey${written}`, step: authRequest.offeredKey(user, line) }],
    },
    {
      steps: [{ letter: 'k', code: `authRequest.provenKey${written}`, step: proven }],
      credential: { method: 'publickey', user, key: proven.key },
    },
    {
      steps: [{ letter: 'f', code: `authRequest.refutedKey${written}`, step: authRequest.refutedKey(user, line) }],
    },
  ];
}

function oddSteps(user: string): readonly HistoryStep[] {
  const name = literal(user);
  const services = ['ssh-userauth', 'ssh-connection', 'nonsense@example.com'];
  return [
    {
      letter: 'h',
      code: `authRequest.unknownMethod(${name}, 'hostbased')`,
      step: authRequest.unknownMethod(user, 'hostbased'),
    },
    {
      letter: 'w',
      code: `{ ...authRequest.none(${name}), service: 'nonsense@example.com' }`,
      step: { ...authRequest.none(user), service: 'nonsense@example.com' },
    },
    // At once: the server answers it with the end where it is out of place, and by a word that no other step waits for.
    ...services.map((service) => ({
      letter: 'v',
      code: `act.atOnce(serviceRequest(${literal(service)}))`,
      step: act.atOnce(serviceRequest(service)),
    })),
  ];
}
