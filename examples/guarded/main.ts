import { Guard } from './guard.js';
import { run } from './run.js';

await run(Guard);
