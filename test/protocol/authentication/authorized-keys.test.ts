import { readFile } from 'node:fs/promises';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseAuthorizedKeys } from '../../../src/protocol/authentication/authorized-keys.js';
import { generateHostKey } from '../../../src/transport/host-keys/generate-host-key.js';
import { KeyFolder, kinds, openssh } from '../../transport/host-keys/ssh-keygen.js';

const { hostKey } = await generateHostKey();
const { hostKey: other } = await generateHostKey('ecdsa-sha2-nistp256');
const base64 = hostKey.publicBlob.toString('base64');
const key = `ssh-ed25519 ${base64}`;

/** The one entry of a text that must have no problems. */
function only(text: string) {
  const { entries, problems } = parseAuthorizedKeys(text);
  expect(problems).toEqual([]);
  expect(entries).toHaveLength(1);
  const [entry] = entries;
  if (entry === undefined) throw new Error('no entry');
  return entry;
}

/** The options of `list` before a key, as `name` or `name=value`. */
const optionsOf = (list: string): readonly string[] =>
  only(`${list} ${key}`).options.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`));

/** The one problem of a line that must give no entry. */
function problemOf(line: string): string {
  const { entries, problems } = parseAuthorizedKeys(line);
  expect(entries).toEqual([]);
  expect(problems).toHaveLength(1);
  return problems[0]?.message ?? '';
}

describe.skipIf(openssh.missing.length > 0)(openssh.title('files of ssh-keygen'), () => {
  it('all .pub files of a folder make an authorized_keys file', async () => {
    await using folder = await KeyFolder.make();
    const paths = [];
    for (const { type, options } of kinds) paths.push(await folder.keygen(type, ...options));
    const text = (await Promise.all(paths.map((path) => readFile(`${path}.pub`, 'utf8')))).join('');

    const { entries, problems } = parseAuthorizedKeys(text);

    expect(problems).toEqual([]);
    expect(entries.map((entry) => entry.type)).toEqual(kinds.map((kind) => kind.type));
    expect(entries.map((entry) => entry.comment)).toEqual(kinds.map((kind) => `${kind.type} comment`));
    expect(entries.map((entry) => entry.line)).toEqual([1, 2, 3, 4, 5]);
    expect(entries.map((entry) => entry.blob)).toEqual(await Promise.all(paths.map((path) => folder.blob(path))));
    expect(entries.map((entry) => entry.publicKey.fingerprint)).toEqual(
      await Promise.all(paths.map((path) => folder.fingerprint(path))),
    );
  });

  it('a certificate and a short RSA key become problems and leave the rest alone', async () => {
    await using folder = await KeyFolder.make();
    const short = await readFile(`${await folder.keygen('short', '-t', 'rsa', '-b', '1024')}.pub`, 'utf8');
    const certificate = `ssh-ed25519-cert-v01@openssh.com ${base64}`;

    const { entries, problems } = parseAuthorizedKeys(`${short}${certificate}\n${key}\n`);

    expect(entries.map((entry) => entry.line)).toEqual([3]);
    expect(problems).toEqual([
      { line: 1, message: 'an RSA key of 1024 bits is out of bounds, which are 2048 to 16384' },
      { line: 2, message: 'the line says "ssh-ed25519-cert-v01@openssh.com", the key says ssh-ed25519' },
    ]);
  });
});

describe('lines', () => {
  it('blank lines and comments are skipped, and lines are counted from 1', () => {
    const { entries, problems } = parseAuthorizedKeys(`\n# ${key}\n   \n\t#x\n  ${key} ann@desk  \r\n\r\n${key}`);

    expect(problems).toEqual([]);
    expect(entries.map(({ line, comment }) => ({ line, comment }))).toEqual([
      { line: 5, comment: 'ann@desk' },
      { line: 7, comment: '' },
    ]);
  });

  it('an empty file, one with a byte order mark and one with tabs are read', () => {
    expect(parseAuthorizedKeys('')).toEqual({ entries: [], problems: [] });
    expect(only(`\uFEFF${key}`).line).toBe(1);
    expect(only(`restrict\tssh-ed25519\t \t${base64}\tc\tc`).comment).toBe('c\tc');
  });

  it('a comment may hold anything', () => {
    expect(only(`${key} "quotes, commas=" # \u2028 größe`).comment).toBe('"quotes, commas=" # \u2028 größe');
  });

  it.each([
    ['prose', 'hunter2', 'no key on this line'],
    ['prose of several words', 'my key is here', '"key" is not a key type'],
    ['a type alone', 'ssh-ed25519', 'no key after "ssh-ed25519"'],
    ['options alone', 'restrict', 'no key on this line'],
    ['a key that is not base64', 'ssh-ed25519 AAAA*AAA', 'the key is not base64'],
    ['a key without its padding', `ssh-rsa ${'A'.repeat(5)}`, 'the key is not base64'],
    ['a key that is cut off', `ssh-ed25519 ${base64.slice(0, 40)}`, 'the ssh-ed25519 key is malformed'],
    ['a key of another type', `ssh-rsa ${base64}`, 'the line says "ssh-rsa", the key says ssh-ed25519'],
    ['a DSA key', 'ssh-dss AAAAB3NzaC1kc3M=', 'keys of type ssh-dss are not supported'],
    [
      'half a security key',
      'sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t',
      'the sk-ssh-ed25519@openssh.com key is malformed',
    ],
    ['an SSH 1 key', '1024 35 1234567', 'is not a key type'],
    ['a type with control characters', `pty ssh-\u001b[2J ${base64}`, 'the line says "ssh-?[2J"'],
    ['a very long line', `${key} ${'c'.repeat(70_000)}`, 'longer than 65536 characters'],
  ])('%s is a problem', (_, line, message) => {
    expect(problemOf(line)).toContain(message);
  });

  it('a problem does not hide the lines around it', () => {
    const { entries, problems } = parseAuthorizedKeys(`${key}\nnonsense\n${key}`);

    expect(entries.map((entry) => entry.line)).toEqual([1, 3]);
    expect(problems.map((problem) => problem.line)).toEqual([2]);
  });

  it('any text is read without a throw, and each line counts at most once', () => {
    const piece = fc.constantFrom(
      key,
      base64,
      'ssh-ed25519',
      'command="a\\"b c"',
      'no-pty',
      ',',
      '"',
      '\\',
      ' ',
      '\n',
      '=',
      '#',
    );
    const text = fc.array(fc.oneof(piece, fc.string({ unit: 'binary' })), { maxLength: 20 });
    fc.assert(
      fc.property(text, (pieces) => {
        const { entries, problems } = parseAuthorizedKeys(pieces.join(''));
        const lines = [...entries, ...problems].map((it) => it.line);

        expect(new Set(lines).size).toBe(lines.length);
        for (const entry of entries) expect(entry.blob).toEqual(hostKey.publicBlob);
      }),
      { numRuns: 1000 },
    );
  });

  it('a long line of quotes and backslashes takes linear time', () => {
    const line = `command="${'\\'.repeat(30_000)}${'\\"'.repeat(15_000)}`;

    expect(problemOf(`${line} ${key}`)).toContain('option list cannot be read');
  });
});

describe('options', () => {
  it.each([
    ['restrict', ['restrict']],
    ['no-pty,no-X11-forwarding', ['no-pty', 'no-x11-forwarding']],
    ['NO-PTY,Command="Uptime"', ['no-pty', 'command=Uptime']],
    ['command="uptime"', ['command=uptime']],
    ['command=""', ['command=']],
    ['command="echo \\"a b\\", c"', ['command=echo "a b", c']],
    ['command="C:\\dir\\\\x"', ['command=C:\\dir\\\\x']],
    ['command="grep \\\\"x\\""', ['command=grep \\"x"']],
    ['from="10.0.0.0/8,!10.1.2.3,*.example.com"', ['from=10.0.0.0/8,!10.1.2.3,*.example.com']],
    ['environment="A=B",environment="C=D E"', ['environment=A=B', 'environment=C=D E']],
    ['expiry-time="20300101Z"', ['expiry-time=20300101Z']],
    [
      'permitopen="a:1",permitopen="[::1]:2",permitlisten="8080"',
      ['permitopen=a:1', 'permitopen=[::1]:2', 'permitlisten=8080'],
    ],
    ['cert-authority,principals="ann,bob"', ['cert-authority', 'principals=ann,bob']],
    ['restrict,pty,port-forwarding', ['restrict', 'pty', 'port-forwarding']],
  ])('%s', (list, expected) => {
    expect(optionsOf(list)).toEqual(expected);
    expect(only(`${list} ${key}`).options.every((option) => option.known)).toBe(true);
  });

  it('options that are not known are kept and marked', () => {
    expect(only(`no-pty,frobnicate,x-limit@example.com="5" ${key}`).options).toEqual([
      { known: true, name: 'no-pty' },
      { known: false, name: 'frobnicate' },
      { known: false, name: 'x-limit@example.com', value: '5' },
    ]);
  });

  it.each(['constructor', '__proto__', 'toString'])('the option %s is not known', (name) => {
    expect(only(`${name} ${key}`).options).toEqual([{ known: false, name: name.toLowerCase() }]);
  });

  it.each([
    ['command=uptime', 'cannot be read'],
    ['command', 'option command needs a quoted value'],
    ['command="a",command="b"', 'option command is given twice'],
    ['from="a",from="b"', 'option from is given twice'],
    ['no-pty="x"', 'option no-pty takes no value'],
    ['no-pty,', 'cannot be read from character 8 on'],
    [',no-pty', 'cannot be read from character 1 on'],
    ['no-pty,,restrict', 'cannot be read from character 8 on'],
    ['command="a"b', 'cannot be read'],
    ['command="a', 'cannot be read'],
    ['"restrict"', 'cannot be read'],
  ])('%s is a problem', (list, message) => {
    expect(problemOf(`${list} ${key}`)).toContain(message);
  });

  it('a value never shows in a problem', () => {
    expect(problemOf(`environment="TOKEN=hunter2",oops=1 ${key}`)).not.toContain('hunter2');
    expect(problemOf(`environment="TOKEN=hunter2 ${key}`)).not.toContain('hunter2');
  });

  it('a key in the value of an option is not the key of the line', () => {
    const text = `command="ssh-ed25519 ${base64}" ecdsa-sha2-nistp256 ${other.publicBlob.toString('base64')}`;

    expect(only(text).blob).toEqual(other.publicBlob);
  });

  it('any value survives quoting', () => {
    // A backslash before the closing quote would escape it, and line ends end the line.
    const value = fc.string({ unit: 'grapheme' }).filter((it) => !/[\r\n]|\\$|\\"/.test(it));
    fc.assert(
      fc.property(value, (command) => {
        expect(optionsOf(`command="${command.replaceAll('"', '\\"')}"`)).toEqual([`command=${command}`]);
      }),
    );
  });
});
