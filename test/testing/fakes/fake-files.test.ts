import { describe, expect, it } from 'vitest';

import { decide, grantPassword, record } from '../../../src/index.js';
import { authRequest, fakeClock, fakeFiles, simulate, systemError } from '../../../src/testing/index.js';

describe('fakeFiles', () => {
  it('keeps what is appended, by folder', async () => {
    const files = fakeFiles();
    const one = await files.create('log/one.jsonl');
    const other = await files.create('./log/other.jsonl');
    await files.create('elsewhere/x');
    await one.append(Buffer.from('a\n'));
    await other.append(Buffer.from('x\n'));
    await one.append(Buffer.from('b\n'));
    await one.close();

    expect(await files.list('log')).toEqual(['one.jsonl', 'other.jsonl']);
    expect(await files.list('nowhere')).toEqual([]);
    expect(files.text('log/one.jsonl')).toBe('a\nb\n');
    expect(files.paths).toEqual(['elsewhere/x', 'log/one.jsonl', 'log/other.jsonl']);
    expect(files.openPaths).toEqual(['elsewhere/x', 'log/other.jsonl']);
    expect(files.usedBytes).toBe(6);
    await files.remove('log/one.jsonl');
    expect(() => files.text('log/one.jsonl')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  it('copies what it is given', async () => {
    const files = fakeFiles();
    const bytes = Buffer.from('first');
    await (await files.create('a')).append(bytes);
    bytes.fill('x');
    expect(files.text('a')).toBe('first');
  });

  it('fails as a file system does', async () => {
    const files = fakeFiles();
    const file = await files.create('a');
    await expect(files.create('./a')).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(files.remove('b')).rejects.toMatchObject({ code: 'ENOENT' });
    await file.close();
    await expect(file.append(Buffer.from('late'))).rejects.toMatchObject({ code: 'EBADF' });
    await expect(file.close()).rejects.toMatchObject({ code: 'EBADF' });
  });

  it('full, writes what fits and fails, until there is room', async () => {
    const files = fakeFiles({ capacityBytes: 4 });
    const file = await files.create('a');
    await file.append(Buffer.from('abc'));
    await expect(file.append(Buffer.from('def'))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(files.text('a')).toBe('abcd');
    files.capacityBytes = 10;
    await file.append(Buffer.from('!'));
    expect(files.text('a')).toBe('abcd!');
  });

  it('fails and takes time as its script says', async () => {
    const clock = fakeClock();
    const files = fakeFiles({
      clock,
      latencyMs: ({ method }) => (method === 'append' ? 10 : 0),
      faults: { method: 'append', onCall: 2, error: systemError('EIO') },
    });
    const file = await files.create('a');
    const done: string[] = [];
    void file.append(Buffer.from('x')).then(() => done.push('first'));
    file.append(Buffer.from('y')).catch((cause: unknown) => done.push(String(Reflect.get(Object(cause), 'code'))));
    await Promise.resolve();
    expect(done).toEqual([]);
    clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toEqual(['first', 'EIO']);
    expect(files.text('a')).toBe('x');
    expect(files.calls.map(({ method, arguments: [path] }) => [method, path])).toEqual([
      ['create', 'a'],
      ['append', 'a'],
      ['append', 'a'],
    ]);
  });

  it('keep what a server records, and lose no more than a full disk costs', async () => {
    const files = fakeFiles();
    const errors: string[] = [];
    await using simulation = await simulate({
      handlers: [
        decide(
          'SSHUserAuthRequest',
          grantPassword(() => true),
        ),
      ],
    });
    const recording = record(simulation.server.events.all, {
      path: 'log/traffic.jsonl',
      files,
      clock: simulation.clock,
      onError: ({ code }) => errors.push(code),
    });
    const steps = { r: authRequest.password('ann', 'right') };
    simulation.client('192.0.2.7', 'cr|', steps);
    await simulation.run('1s');
    files.capacityBytes = files.usedBytes;
    simulation.client('192.0.2.8', 'cr|', steps);
    await simulation.run('1ms');
    files.capacityBytes = Infinity;
    await simulation.run('2m');
    simulation.client('192.0.2.9', 'cr|', steps);
    await simulation.run('1s');
    await recording.close();

    const text = files.paths.map((path) => files.text(path)).join('');
    expect([...new Set(text.match(/192\.0\.2\.[789]/g))]).toEqual(['192.0.2.7', '192.0.2.9']);
    expect(recording.dropped).toBeGreaterThan(0);
    expect(text).toContain('"dropped');
    expect(new Set(errors)).toEqual(new Set(['ERR_SSH_RECORDING']));
    expect(files.openPaths).toEqual([]);
  });
});

describe('systemError', () => {
  it('is an error as Node makes them', () => {
    const error = systemError('ENOSPC');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code: 'ENOSPC', errno: -28 });
    expect(error.message).toMatch(/^ENOSPC: /);
  });

  it('knows the codes of this machine alone', () => {
    expect(() => systemError('ENONSENSE' as 'EIO')).toThrow(TypeError);
  });
});
