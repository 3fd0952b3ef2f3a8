import fc from 'fast-check';
import { expect, it } from 'vitest';

import { parseKnownHosts } from '../../../src/protocol/authentication/known-hosts.js';
import { makeWireKey } from '../../support/certificates.js';

const keyText = (): string => `ssh-ed25519 ${makeWireKey().blob.toString('base64')}`;

/** Salt and digest of some name. */
const HASHED = `${Buffer.alloc(20).toString('base64')}|${Buffer.alloc(20, 255).toString('base64')}`;

it('reads hosts, markers and keys, and leaves out comments', () => {
  const [own, ca, lost] = [keyText(), keyText(), keyText()];
  const { entries, problems } = parseKnownHosts(
    `\uFEFF# hosts\r\n\ndesk.example.com,192.0.2.7 ${own} ann's desk\r\n` +
      `  @cert-authority *.example.com,!db.example.com ${ca}\n@revoked * ${lost}`,
  );

  expect(problems).toEqual([]);
  expect(entries.map(({ line, hosts, marker, publicKey: { type } }) => ({ line, hosts, marker, type }))).toEqual([
    { line: 3, hosts: ['desk.example.com', '192.0.2.7'], marker: undefined, type: 'ssh-ed25519' },
    { line: 4, hosts: ['*.example.com', '!db.example.com'], marker: 'cert-authority', type: 'ssh-ed25519' },
    { line: 5, hosts: ['*'], marker: 'revoked', type: 'ssh-ed25519' },
  ]);
  expect(entries[0]?.publicKey.blob.toString('base64')).toBe(own.split(' ')[1]);
});

it.each([
  ['a line without a key', 'desk ssh-ed25519', 'a line needs hosts, the type of a key and the key', false],
  [
    'a marker that nobody knows',
    `@trusted desk ${keyText()}`,
    'the only markers are @cert-authority and @revoked',
    false,
  ],
  ['a damaged key', 'desk ssh-ed25519 AAAA!', 'the key is not base64', false],
  ['a key of another type than the line says', `desk ssh-rsa ${keyText().split(' ')[1] ?? ''}`, /the line says/, false],
  ['options, which such lines do not have', `desk no-pty ${keyText()}`, /^no key after/, false],
  ['a line that is too long', `${'x'.repeat(65_536)} ${keyText()}`, 'line is longer than 65536 characters', false],
  ['a revocation of a damaged key', '@revoked * ssh-ed25519 AAAA!', 'the key is not base64', true],
  ['a line for nobody', `, ${keyText()}`, 'there is no name of a host on this line', false],
  ['a revocation for nobody', `@revoked ,, ${keyText()}`, 'there is no name of a host on this line', true],
  ...[
    ['of another kind', `|2|${HASHED}`],
    ['whose digest is cut off', `|1|${HASHED.slice(0, -5)}`],
    ['without a digest', `|1|${HASHED.slice(0, 28)}`],
    ['whose salt is cut off', `|1|${HASHED.slice(4)}`],
    ['with more behind it', `|1|${HASHED}|`],
    ['that is no base64', `|1|${HASHED.replace('A', '-')}`],
    ['that is not to match', `*,!|1|${HASHED}`],
  ].flatMap(([what = '', name = '']): [string, string, string, boolean][] => {
    const message = 'a hashed name is |1|, a salt, | and a digest, both of 20 bytes in base64';
    return [
      [`a hashed name ${what}`, `${name} ${keyText()}`, message, false],
      [`a revocation with a hashed name ${what}`, `@revoked ${name} ${keyText()}`, message, true],
    ];
  }),
])('tells of %s, and reads the other lines', (_what, line, message, isRevocation) => {
  const { entries, problems } = parseKnownHosts(`${line}\ndesk ${keyText()}`);

  expect(problems).toEqual([
    {
      line: 1,
      message: typeof message === 'string' ? message : (expect.stringMatching(message) as string),
      isRevocation,
    },
  ]);
  expect(entries.map((entry) => entry.line)).toEqual([2]);
});

it('never throws, whatever the text is', () => {
  const words = fc.constantFrom('@revoked', '@cert-authority', '|1|', 'ssh-ed25519', '*', '#', '\r', '"', keyText());
  const text = fc.array(fc.oneof(words, fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 20 });
  fc.assert(
    fc.property(text, fc.constantFrom(' ', '\n', '\t', ','), (parts, separator) => {
      const { entries, problems } = parseKnownHosts(parts.join(separator));
      const lines = [...entries, ...problems].map(({ line }) => line);
      expect(new Set(lines).size).toBe(lines.length);
    }),
  );
});
