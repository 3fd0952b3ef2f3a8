/**
 * When a policy is asked, in this order.
 *
 * `limit` refuses cheaply (rates, bans, addresses), `authenticate` decides who it is, `authorize` what that person
 * may do, `route` what serves it.
 */
export type Phase = 'limit' | 'authenticate' | 'authorize' | 'route';

/** All phases in running order. */
export const PHASES: readonly Phase[] = ['limit', 'authenticate', 'authorize', 'route'];
