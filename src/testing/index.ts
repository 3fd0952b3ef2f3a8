/**
 * Tools to test policies, handlers and servers: virtual time, requests as data, clients without a port.
 *
 * Works with every test runner: differences are thrown as errors of `node:assert`.
 *
 * @packageDocumentation
 */

// Virtual time
export { marbles } from './marbles.js';
export type { MarbleExpectation, MarbleTools } from './marbles.js';
export type { ExpectedVerdict, Outcome, VerdictExpectation } from './expected-verdict.js';

// Requests as data
export { authRequest } from './auth-request.js';
export type { AnswerOptions, AuthRequestOptions, KeyRequestOptions } from './auth-request.js';
export { channelOpen } from './channel-open.js';
export { channelRequest } from './channel-request.js';
export type { ChannelRequestOptions, PtyOptions } from './channel-request.js';
export { connectionRequest } from './connection-request.js';
export { globalRequest } from './global-request.js';
export type { GlobalRequestOptions } from './global-request.js';
export type { ChannelOrigin, RequestOrigin, SessionOrigin } from './request-origin.js';
export { serviceRequest } from './service-request.js';

// A server's side of verdicts and leases
export { held } from './held.js';
export type { HeldOptions, TestHeld } from './held.js';
export { policyContext } from './policy-context.js';
export type { PolicyContextOptions, TestPolicyContext } from './policy-context.js';

// Clients without a port
export { duplexPair } from './duplex-pair.js';
export { loopback } from './loopback.js';

// A whole server in virtual time
export { act } from './simulation/client-action.js';
export type { ChannelAction, ClientAction, ClientStep } from './simulation/client-action.js';
export type { ClientOutcome, ClientOutcomeName, ExpectedOutcome } from './simulation/client-outcome.js';
export { simulate } from './simulation/simulate.js';
export type { PolicyLists, SimulateOptions } from './simulation/simulate.js';
export type { ClientManner } from './simulation/client-connection.js';
export type { Heard, SimulatedClient, TimedOutcome } from './simulation/simulated-client.js';
export type { SimulatedClientOptions, Simulation, SimulationExpectation } from './simulation/simulation.js';
