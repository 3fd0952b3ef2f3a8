import { SshServerError } from '../../../errors.js';

/** Whether something failed only since too much waits for its turn already. It says nothing of what was asked about. */
export const isBusy = (cause: unknown): boolean => SshServerError.is(cause) && cause.code === 'ERR_SSH_BUSY';
