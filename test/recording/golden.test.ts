import { readdirSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import { Secret, SshServerError } from '../../src/index.js';
import { SSH_EVENT_TYPES } from '../../src/streams/events/ssh-event.js';
import { linesOf } from './recorded-lines.js';

const folder = path.resolve(import.meta.dirname, 'golden/v1');

/** A line as one line of text, in which bytes can be seen. */
const show = (line: object): string =>
  JSON.stringify(line, function (this: Readonly<Record<string, unknown>>, key, shown: unknown) {
    // `toJSON` has been called already, so the value itself is asked for.
    const value = this[key];
    if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
    if (value instanceof Secret) return value.constructor.name;
    if (value instanceof SshServerError) return `${value.code} ${value.message}`;
    if (key === 'file' && typeof value === 'string') return path.basename(value);
    return shown;
  });

it('a recording of version 1 is read as it was when it was written', async () => {
  const lines = await linesOf(path.join(folder, 'traffic.jsonl'));

  await expect(`${lines.map(show).join('\n')}\n`).toMatchFileSnapshot('golden/v1/traffic.read.txt');
});

it('the recording of version 1 has several files and every type of event', async () => {
  const lines = await linesOf(path.join(folder, 'traffic.jsonl'));
  const types = new Set(lines.flatMap((line) => (line.kind === 'event' ? [line.event.type] : [])));

  expect(readdirSync(folder).filter((name) => name.endsWith('.jsonl')).length).toBeGreaterThan(2);
  expect(SSH_EVENT_TYPES.filter((type) => !types.has(type))).toEqual([]);
});
