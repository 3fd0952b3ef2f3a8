#!/usr/bin/env node
import { run } from './run.js';

const write = (stream: NodeJS.WriteStream, text: string): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      resolve();
    };
    // Whoever reads may have seen enough, as `head` does, and gone.
    stream.on('error', done);
    stream.write(text, done);
  });

const { output, complaint, exitCode } = await run(process.argv.slice(2), process.cwd());
if (complaint !== '') await write(process.stderr, complaint);
if (output !== '') await write(process.stdout, output);
// Not by itself: what the module of a server has opened, such as a timer, is no reason to stay.
process.exit(exitCode);
