import type { Scenario } from './scenario.js';
import { authentication } from './scenarios/authentication.js';
import { channels } from './scenarios/channels.js';
import { connecting } from './scenarios/connecting.js';
import { endings } from './scenarios/endings.js';
import { faults } from './scenarios/faults.js';
import { forwarding } from './scenarios/forwarding.js';
import { leases } from './scenarios/leases.js';
import { programs } from './scenarios/programs.js';

/** Everything on which the simulator and reality have to agree. */
export const SCENARIOS: readonly Scenario[] = [
  ...connecting,
  ...authentication,
  ...channels,
  ...programs,
  ...forwarding,
  ...leases,
  ...faults,
  ...endings,
];
