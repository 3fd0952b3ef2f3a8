import type { MeasureName } from '../options.js';
import type { Measure } from './bench.js';
import { bulk } from './bulk.js';
import { channels } from './channels.js';
import { compression } from './compression.js';
import { echo } from './echo.js';
import { handshake, hybridHandshake } from './handshake.js';
import { memory } from './memory.js';
import { policies } from './policies.js';

/** All measures by the name that `--only` takes. */
export const MEASURE_BY_NAME: Readonly<Record<MeasureName, Measure>> = {
  bulk,
  compression,
  handshake,
  hybrid: hybridHandshake,
  policies,
  echo,
  channels,
  memory,
};
