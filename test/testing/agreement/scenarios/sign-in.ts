import { decide, grantPassword } from '../../../../src/index.js';
import { authRequest, connectionRequest } from '../../../../src/testing/index.js';
import type { Act } from '../scenario.js';

/** Lets in everybody who knows the word. */
export const passwordSecret = () =>
  decide(
    'SSHUserAuthRequest',
    grantPassword((_user, password) => password === 'secret'),
  );

export const connect = connectionRequest();
export const rightPassword = authRequest.password('ann', 'secret');
export const wrongPassword = authRequest.password('ann', 'guess');

/** Connects and gets in. */
export const signIn: readonly Act[] = [connect, rightPassword];
