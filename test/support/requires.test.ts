import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { requires } from './requires.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-requires-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Makes an executable in a folder of its own and returns that folder. */
async function install(program: string, script: string, where = 'bin'): Promise<string> {
  const bin = path.join(folder, where);
  await mkdir(bin, { recursive: true });
  await writeFile(path.join(bin, program), `#!/bin/sh\n${script}\n`);
  await chmod(path.join(bin, program), 0o755);
  return bin;
}

describe('on a developer’s machine', () => {
  it('a program on PATH is found', async () => {
    const bin = await install('rxsshd-probe', 'exit 0');
    const probe = requires(['rxsshd-probe'], { env: { PATH: bin } });

    expect(probe.missing).toEqual([]);
    expect(probe.path('rxsshd-probe')).toBe(path.join(bin, 'rxsshd-probe'));
    expect(probe.title('probe')).toBe('probe');
  });

  it('the first folder on PATH wins', async () => {
    const first = await install('rxsshd-probe', 'exit 0', 'first');
    const second = await install('rxsshd-probe', 'exit 0', 'second');
    const env = { PATH: [first, second].join(path.delimiter) };

    expect(requires(['rxsshd-probe'], { env }).path('rxsshd-probe')).toBe(path.join(first, 'rxsshd-probe'));
  });

  it('what is missing is named in the title, in the order asked for', async () => {
    const bin = await install('rxsshd-probe', 'exit 0');
    const suite = requires(['rxsshd-a', 'rxsshd-probe', 'rxsshd-b'], { env: { PATH: bin } });

    expect(suite.missing).toEqual(['rxsshd-a', 'rxsshd-b']);
    expect(suite.title('probe')).toBe('probe (skipped, not installed: rxsshd-a, rxsshd-b)');
  });

  it('a file without the executable bit and a folder are no programs', async () => {
    const bin = await install('rxsshd-probe', 'exit 0');
    await chmod(path.join(bin, 'rxsshd-probe'), 0o644);
    await mkdir(path.join(bin, 'rxsshd-folder'));

    // Root may execute nothing that lacks the bit altogether, so this holds for every user.
    expect(requires(['rxsshd-probe', 'rxsshd-folder'], { env: { PATH: bin } }).missing).toEqual([
      'rxsshd-probe',
      'rxsshd-folder',
    ]);
  });

  it('the path of a program that is missing or was not asked for is an error', () => {
    const suite = requires(['rxsshd-a'], { env: {} });

    expect(() => suite.path('rxsshd-a')).toThrow('rxsshd-a is missing');
    expect(() => suite.path('sh')).toThrow('sh is missing, or was not asked for');
  });

  it('the first python3 that imports every module is taken', async () => {
    const bare = await install('python3', 'exit 1', 'bare');
    const full = await install('python3', '[ "$2" = "import rxsshd_one, rxsshd_two" ]', 'full');
    const env = { PATH: [bare, full].join(path.delimiter) };

    const both = requires([], { pythonModules: ['rxsshd_one', 'rxsshd_two'], env });
    expect(both.missing).toEqual([]);
    expect(both.path('python3')).toBe(path.join(full, 'python3'));
  });

  it('a module that no python3 can import is missing', async () => {
    const bare = await install('python3', 'exit 1', 'bare');

    expect(requires([], { pythonModules: ['rxsshd_none'], env: { PATH: bare } }).missing).toEqual([
      'python3 with rxsshd_none',
    ]);
  });

  it('a file that is not there is missing, by its path', async () => {
    const bin = await install('rxsshd-probe', 'exit 0');
    const none = path.join(folder, 'none.h');

    expect(requires([], { files: [bin, none], env: {} }).missing).toEqual([none]);
  });

  it.each(['', '0', 'false'])('CI=%s is no CI', (CI) => {
    expect(requires(['rxsshd-a'], { env: { CI } }).missing).toEqual(['rxsshd-a']);
  });
});

describe('in CI', () => {
  it.each(['true', '1'])('CI=%s makes a missing program an error that names it', (CI) => {
    expect(() => requires(['rxsshd-a'], { env: { CI } })).toThrow('Not installed: rxsshd-a. In CI no suite is skipped');
  });

  it('a suite that has everything runs', async () => {
    const bin = await install('rxsshd-probe', 'exit 0');
    expect(requires(['rxsshd-probe'], { env: { CI: 'true', PATH: bin } }).missing).toEqual([]);
  });
});
