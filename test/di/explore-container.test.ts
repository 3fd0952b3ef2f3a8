import { Container, inject } from 'inversify';
import { describe, expect, it } from 'vitest';

import { buildHandlers } from '../../src/di/explore-container.js';
import { CLOCK, SSH_HANDLER } from '../../src/di/tokens.js';
import { Exec } from '../../src/handlers/decorators/exec.js';
import { SshHandler } from '../../src/handlers/decorators/ssh-handler.js';
import { exec } from '../../src/handlers/handler-function.js';
import { type Clock, systemClock } from '../../src/streams/clock.js';

@SshHandler()
class Plain {
  @Exec('plain') plain() {
    return 0;
  }
}

@SshHandler()
class Timed {
  readonly clock: Clock;
  constructor(@inject(CLOCK) clock: Clock) {
    this.clock = clock;
  }
}

@SshHandler()
class Bare {
  readonly clock: Clock;
  constructor(clock: Clock) {
    this.clock = clock;
  }
}

const containerWithClock = (): Container => {
  const container = new Container();
  container.bind(CLOCK).toConstantValue(systemClock);
  return container;
};

describe('buildHandlers', () => {
  it('builds the given classes in order, with what they inject, and leaves functions as they are', async () => {
    const plain = exec('uptime', () => 0);
    const [timed, between, last] = await buildHandlers(containerWithClock(), [Timed, plain, Plain]);
    expect(timed).toBeInstanceOf(Timed);
    expect(timed).toMatchObject({ clock: systemClock });
    expect(between).toBe(plain);
    expect(last).toBeInstanceOf(Plain);
  });

  it('builds one instance per container, which handlers that inject each other share', async () => {
    const container = containerWithClock();
    const [built] = await buildHandlers(container, [Plain, Plain]);
    expect(container.get(Plain)).toBe(built);
    expect(await buildHandlers(container, [Plain])).toEqual([built]);
    const [other] = await buildHandlers(containerWithClock(), [Plain]);
    expect(other).not.toBe(built);
  });

  it('respects what a module bound', async () => {
    const container = containerWithClock();
    const ready = new Plain();
    container.bind(Plain).toConstantValue(ready);
    expect(await buildHandlers(container, [Plain])).toEqual([ready]);
    expect((await buildHandlers(container, [Plain]))[0]).toBe(ready);
  });

  it('adds what modules bound to SSH_HANDLER, each instance once, also if it is built asynchronously', async () => {
    const container = containerWithClock();
    container.bind(Plain).toSelf().inSingletonScope();
    container.bind(SSH_HANDLER).toService(Plain);
    container.bind(SSH_HANDLER).toDynamicValue(() => Promise.resolve(new Timed(systemClock)));
    const handlers = await buildHandlers(container, [Plain]);
    expect(handlers.map((it) => it.constructor)).toEqual([Plain, Timed]);
  });

  it('names a class that has no @SshHandler()', async () => {
    class Undecorated extends Plain {}
    await expect(buildHandlers(new Container(), [Undecorated])).rejects.toMatchObject({
      code: 'ERR_SSH_HANDLER',
      message: expect.stringMatching(/^Undecorated is given as a handler but has no @SshHandler\(\)/) as string,
    });
  });

  it('names a class whose token nobody bound, and a way out', async () => {
    await expect(buildHandlers(new Container(), [Timed])).rejects.toMatchObject({
      code: 'ERR_SSH_HANDLER',
      message: expect.stringMatching(
        /^Timed cannot be built: No bindings found for service: "Symbol\(rxsshd\/Clock\)"\. Put @inject\(TOKEN\)/,
      ) as string,
    });
  });

  it('names a class whose constructor says nothing of its parameters', async () => {
    await expect(buildHandlers(containerWithClock(), [Bare])).rejects.toMatchObject({
      code: 'ERR_SSH_HANDLER',
      message: expect.stringContaining('Bare cannot be built: ') as string,
    });
  });

  it('names SSH_HANDLER if what is bound there cannot be built', async () => {
    const container = new Container();
    container.bind(SSH_HANDLER).toDynamicValue(() => {
      throw new Error('no');
    });
    await expect(buildHandlers(container, [])).rejects.toMatchObject({
      code: 'ERR_SSH_HANDLER',
      message: expect.stringContaining('a handler bound to SSH_HANDLER cannot be built: ') as string,
    });
  });
});
