// Lives through one simulated month and says what that cost. A process of its own, without a loader: what is told is all of it.
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const [, , program] = process.argv;
const { simulatedMonth } = await import(pathToFileURL(program).href);
const { bySource, digest } = await simulatedMonth(500);
const sum = (of) => [...bySource.values()].reduce((total, attacked) => total + of(attacked), 0);
const refused = sum((attacked) => attacked.refused);
const { user, system } = process.cpuUsage();
process.stdout.write(
  JSON.stringify({
    cpuSeconds: (user + system) / 1e6,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    connections: refused + sum(({ admittedAt }) => admittedAt.length),
    refused,
    guesses: sum(({ guesses }) => guesses),
    digest,
  }),
);
