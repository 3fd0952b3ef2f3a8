import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { filter, firstValueFrom } from 'rxjs';
import { Client } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';

import { audit } from '../../examples/policies/audit.js';
import { house } from '../../examples/policies/house.js';
import { enforce, tried } from '../../examples/policies/shadow-first.js';
import { signIn } from '../../examples/policies/sign-in.js';
import {
  type ApplicationServer,
  type Clock,
  createServer,
  type CreateServerOptions,
  DenyReason,
  generateHostKey,
  type SSHUserAuthRequest,
  systemClock,
} from '../../src/index.js';
import { openFailureOf } from '../../src/streams/open-failure.js';
import { SSH_REQUEST_TYPES } from '../../src/streams/events/ssh-request.js';
import { authRequest, loopback, marbles } from '../../src/testing/index.js';
import { codeBlocks } from '../support/documented-examples.js';
import { exampleFiles } from '../support/example-files.js';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const guide = read('docs/policies.md');

/** The text below a heading, up to the next of the same rank or a higher one. */
function section(heading: string): string {
  const [start] = [...guide.matchAll(new RegExp(`^(#+) ${heading}$`, 'gm'))];
  if (start === undefined) throw new Error(`docs/policies.md has no section ${heading}`);
  const [line, hashes = ''] = start;
  const text = guide.slice(start.index + line.length);
  const end = text.search(new RegExp(`^#{1,${String(hashes.length)}} `, 'm'));
  return end === -1 ? text : text.slice(0, end);
}

/** The cells of the rows of a table whose first cell is a name in code. */
const rowsOf = (text: string): readonly (readonly string[])[] =>
  [...text.matchAll(/^\| `[^|]*$|^\| `.*\|$/gm)].map(([row]) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );

const nameIn = (cell = ''): string => cell.replaceAll('`', '');
const namesIn = (cell = ''): readonly string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

/** The policies that are exported from the folders of the catalogue, by folder. */
const exported = new Map<string, readonly string[]>();
for (const [, names = '', folder = ''] of read('src/index.ts').matchAll(
  /^export \{ (.+) \} from '\.\/handlers\/policies\/(\w+)\/.+';$/gm,
)) {
  const policies = names.split(', ').filter((name) => /^[a-z]/.test(name));
  exported.set(folder, [...(exported.get(folder) ?? []), ...policies].sort());
}

const CATALOGUE = ['Authentication', 'Access', 'Limits', 'Abuse', 'Lifetime', 'Composition', 'Routing'];

describe('docs/policies.md', () => {
  it('shows examples as they are, all of them, and no other code', () => {
    const files = exampleFiles();
    const shown = codeBlocks(guide, 'ts').map(({ code }) => files.get(code));
    const all = [...files.values()].filter((file) => file.startsWith('policies/'));

    expect(shown.toSorted()).toEqual(all.toSorted());
    expect(guide.match(/^```/gm)).toHaveLength(2 * shown.length);
  });

  it('has a table for each folder of the catalogue', () => {
    expect(CATALOGUE.map((heading) => heading.toLowerCase()).sort()).toEqual([...exported.keys()].sort());
    expect(section('The catalogue').match(/^### .+$/gm)).toEqual(CATALOGUE.map((heading) => `### ${heading}`));
  });

  it.each(CATALOGUE)('names exactly the policies that are exported: %s', (heading) => {
    const named = rowsOf(section(heading)).map(([name]) => nameIn(name));

    expect(named).toEqual(exported.get(heading.toLowerCase()));
  });

  it.each(CATALOGUE)('names requests and reasons that exist: %s', (heading) => {
    const reasons = new Set<string>(Object.values(DenyReason));
    const options = ['maxHeld', "fallback: 'deny'"];
    for (const [name, , requests, refusals, memory] of rowsOf(section(heading))) {
      expect(
        namesIn(requests).filter((type) => !SSH_REQUEST_TYPES.some((it) => it === type)),
        name,
      ).toEqual([]);
      expect(
        namesIn(refusals).filter((word) => !reasons.has(word) && !options.includes(word) && !isPolicy(word)),
        name,
      ).toEqual([]);
      expect(memory, name).not.toBe('');
    }
  });

  it('explains every reason of a denial, and what the client is told of a channel', () => {
    const rows = rowsOf(section('Reasons, and what the peer is told')).map(([reason, , told]) => [
      nameIn(reason),
      nameIn(told),
    ]);

    expect(rows).toEqual(Object.values(DenyReason).map((reason) => [reason, openFailureOf(reason)]));
  });

  it('links to sections and files that exist', () => {
    const links = [...guide.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
    const anchors = [...guide.matchAll(/^#+ (.+)$/gm)].map(
      ([, heading = '']) =>
        `#${heading
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-')}`,
    );
    const sections = links.filter((target) => target.startsWith('#'));
    const files = links.filter((target) => !target.startsWith('#'));

    expect(sections.filter((target) => !anchors.includes(target))).toEqual([]);
    expect(sections.length).toBeGreaterThan(5);
    expect(files.filter((target) => !existsSync(path.join(root, 'docs', target)))).toEqual([]);
    expect(files).toContain('../plugins/redis/README.md');
  });
});

const isPolicy = (word: string): boolean => [...exported.values()].some((names) => names.includes(word));

describe('the examples of docs/policies.md', () => {
  const servers: ApplicationServer[] = [];
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.shutdown())));

  async function serve(options: Omit<CreateServerOptions, 'hostKeys'>): Promise<ApplicationServer> {
    const { hostKey } = await generateHostKey();
    const server = await createServer({ hostKeys: [hostKey], onWarning: () => undefined, ...options });
    servers.push(server);
    return server;
  }

  /** A client that tries one password. Resolves once it is in, rejects if it is not. */
  const connect = (server: ApplicationServer, username: string, password: string): Promise<Client> =>
    new Promise((resolve, reject) => {
      const client = new Client();
      // For good: a client that is refused also reports that its connection is lost.
      client.on('error', reject);
      client.once('ready', () => {
        resolve(client);
      });
      client.connect({ username, password, sock: loopback(server), authHandler: ['password'] });
    });

  const outputOf = (client: Client, command: string): Promise<string> =>
    new Promise((resolve, reject) => {
      client.exec(command, (error, channel) => {
        if (error) {
          reject(error);
          return;
        }
        let output = '';
        channel.setEncoding('utf8').on('data', (piece: string) => {
          output += piece;
        });
        channel.once('close', () => {
          resolve(output);
        });
      });
    });

  /** A clock on which it is always the same time, except for those who wait. */
  const at = (time: string): Clock => ({ ...systemClock, now: () => Date.parse(time) });

  it.each([
    ['ann', 'directory'],
    ['demo', 'local'],
  ])('house.ts lets %s in by a password of either source, in working hours', async (user, password) => {
    const server = await serve({ handlers: house, clock: at('2026-07-01T10:00:00+02:00') });
    const client = await connect(server, user, password);

    expect(await outputOf(client, 'hello')).toBe(`hello ${user}\n`);
    client.end();
  });

  it('house.ts runs nothing at night, and its policies stand in the order of their phases', async () => {
    const server = await serve({ handlers: house, clock: at('2026-07-01T23:00:00+02:00') });
    const client = await connect(server, 'demo', 'local');

    await expect(outputOf(client, 'hello')).rejects.toThrow();
    client.end();
    const signIn = server.describe().filter(({ request }) => request === 'SSHUserAuthRequest');
    expect(signIn.map(({ phase }) => phase)).toEqual([
      'limit',
      'authenticate',
      'authenticate',
      'authorize',
      'authorize',
    ]);
  });

  it('audit.ts writes who decided what and why', async () => {
    const server = await serve({ handlers: [...house, tried], clock: at('2026-07-01T10:00:00+02:00') });
    const lines: string[] = [];
    const subscription = audit(server, (line) => lines.push(line));
    await expect(connect(server, 'ann', 'guess')).rejects.toThrow();
    await server.shutdown();
    subscription.unsubscribe();

    expect(lines).toContain('127.0.0.1 SSHUserAuthRequest would be open by three a minute');
    expect(lines).toContainEqual(
      expect.stringMatching(/^127\.0\.0\.1 SSHUserAuthRequest denied by directory \(.+\): bad-credential$/) as unknown,
    );
    expect(lines.at(-1)).toMatch(/^127\.0\.0\.1 ended: /);
  });

  it('shadow-first.ts tells of a limit without enforcing it, then enforces it with what it has counted', async () => {
    const server = await serve({ handlers: [tried, ...house], clock: at('2026-07-01T10:00:00+02:00') });
    const guess = () => expect(connect(server, 'ann', 'guess')).rejects.toThrow();
    const wouldDeny = firstValueFrom(server.events.ShadowDecided.pipe(filter(({ outcome }) => outcome === 'denied')));
    for (let attempt = 0; attempt < 3; attempt += 1) await guess();
    const client = await connect(server, 'ann', 'directory');

    expect(await wouldDeny).toMatchObject({ by: 'three a minute', reason: 'rate-limited' });
    expect(await enforce(server)).toEqual({ asked: 1, revoked: 0 });
    await expect(connect(server, 'ann', 'directory')).rejects.toThrow();
    expect(await outputOf(client, 'hello')).toBe('hello ann\n');
    client.end();
  });

  it(
    'sign-in.ts lets in a key from the office alone, and guests by a password',
    marbles(({ verdicts, expectVerdicts }) => {
      const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUpgMoQnTzOWWWqSmVpTeS1uYyZMF9BTQYIEsdfVRzq ann';
      const requests: Readonly<Record<string, SSHUserAuthRequest>> = {
        o: authRequest.provenKey('ann', key, { from: '192.0.2.7' }),
        h: authRequest.provenKey('ann', key, { from: '203.0.113.7' }),
        g: authRequest.password('guest-1', 'today'),
        a: authRequest.password('ann', 'today'),
      };

      expectVerdicts(verdicts('o-h-g-a|', requests).pipe(signIn)).toBe('f-x-f-x|', {
        f: { outcome: 'granted', by: 'front door' },
        x: 'open',
      });
    }),
  );
});
