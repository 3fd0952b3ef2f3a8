import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { RecordedLine, SshEvent } from '../../src/index.js';
import { linesOf } from './recorded-lines.js';
import { KNOWN, recordTraffic, SECRETS } from './traffic.js';

const folder = mkdtempSync(path.join(tmpdir(), 'recording-'));
const base = path.join(folder, 'log', 'traffic.jsonl');
const files = (): readonly string[] =>
  readdirSync(path.dirname(base)).map((name) => path.join(path.dirname(base), name));

let bytes = '';
let lines: readonly RecordedLine[] = [];
let events: readonly SshEvent[] = [];

beforeAll(async () => {
  await recordTraffic({ path: base, maxFileBytes: 16 * 1024 });
  bytes = files()
    .map((file) => readFileSync(file, 'latin1'))
    .join('');
  lines = await linesOf(base);
  events = lines.flatMap((line) => (line.kind === 'event' ? [line.event] : []));
}, 60_000);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** How a text may stand in a file without being seen: in base64 it depends on what comes before it. */
function disguises(text: string): readonly string[] {
  const plain = Buffer.from(text);
  const base64 = [0, 1, 2].map((offset) => {
    const digits = Buffer.concat([Buffer.alloc(offset), plain]).toString('base64');
    // Digits at either end are made of neighbours as well.
    return digits.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + plain.length) * 8) / 6));
  });
  const numbers = [...plain].join(',');
  return [text, text.toUpperCase(), plain.toString('hex'), plain.toString('utf16le'), numbers, ...base64];
}

describe('a recording of real traffic', () => {
  it.each(Object.entries(SECRETS))('does not have the %s, in any encoding', (_what, secret) => {
    for (const disguise of disguises(secret)) expect(bytes.includes(disguise)).toBe(false);
  });

  it.each(Object.entries(KNOWN))('has the %s, which policies decide on', (_what, known) => {
    expect(bytes).toContain(known);
  });

  it('would be found to have a secret if it had one', () => {
    const [key] = events.flatMap((event) =>
      event.type === 'SSHUserAuthRequest' && event.method === 'publickey' ? [event.key] : [],
    );
    const text = Buffer.from(key?.blob ?? []).toString('latin1', 4, 15);

    expect(text).toBe('ssh-ed25519');
    expect(
      disguises(text)
        .slice(5)
        .some((disguise) => bytes.includes(disguise)),
    ).toBe(true);
  });

  it('has all that was meant to happen in it', () => {
    const decided = events.flatMap((event) => (event.type === 'Decided' ? [event] : []));
    const authentications = events.flatMap((event) =>
      event.type === 'SSHUserAuthRequest' ? [`${event.method} ${'stage' in event ? event.stage : ''}`.trim()] : [],
    );
    const details = decided.flatMap(({ request, outcome }) =>
      'detail' in request ? [`${request.detail.type} ${outcome}`] : [],
    );

    expect(new Set(authentications)).toEqual(
      new Set([
        'none',
        'password',
        'publickey offered',
        'publickey proven',
        'keyboard-interactive started',
        'keyboard-interactive answered',
        'other',
      ]),
    );
    expect(events.some((event) => 'newPassword' in event)).toBe(true);
    expect(new Set(details)).toEqual(
      new Set([
        'session granted',
        'env granted',
        'env denied',
        'malformed denied',
        'other denied',
        'exec granted',
        'exec denied',
        'x11-req denied',
        'pty-req granted',
        'shell granted',
        'direct-tcpip granted',
        'direct-tcpip denied',
        'tcpip-forward denied',
      ]),
    );
    expect(lines.filter(({ kind }) => kind === 'dropped' || kind === 'torn' || kind === 'skipped')).toEqual([]);
  });

  it('has every decision about a request that is in it too', () => {
    const seen = new Set<SshEvent>(events);
    const decided = events.flatMap((event) => (event.type === 'Decided' ? [event] : []));

    expect(decided.length).toBeGreaterThan(20);
    expect(decided.filter(({ request }) => !seen.has(request))).toEqual([]);
  });

  it('keeps how much was sent on a channel', () => {
    const lengths = events.flatMap((event) => (event.type === 'SSHChannelDataIn' ? [event.data.length] : []));

    expect(lengths).toContain(SECRETS.input.length);
  });

  it('is readable to its owner alone', () => {
    for (const file of files()) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(base)).mode & 0o777).toBe(0o700);
  });

  it('has files that can be read one by one, in any order', async () => {
    const apart: SshEvent[] = [];
    for (const file of [...files()].sort()) {
      for (const line of await linesOf(file)) if (line.kind === 'event') apart.push(line.event);
    }

    expect(files().length).toBeGreaterThan(2);
    expect(apart).toEqual(events);
  });
});
