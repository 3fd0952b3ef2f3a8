import type { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { Decide } from '../../../src/handlers/decorators/decide.js';
import { Exec } from '../../../src/handlers/decorators/exec.js';
import { On } from '../../../src/handlers/decorators/on.js';
import { Shell } from '../../../src/handlers/decorators/shell.js';
import { SshHandler } from '../../../src/handlers/decorators/ssh-handler.js';
import { Subsystem } from '../../../src/handlers/decorators/subsystem.js';
import { addRecord, recordsOf, scopeOf } from '../../../src/handlers/metadata.js';
import type { Disconnected } from '../../../src/streams/events/disconnected.js';
import type { ConnectionRequest } from '../../../src/streams/events/connection-request.js';
import type { SSHChannelRequest } from '../../../src/streams/events/ssh-channel-request.js';
import type { SSHUserAuthRequest } from '../../../src/streams/events/ssh-user-auth-request.js';
import type { Verdict } from '../../../src/streams/verdict.js';

@SshHandler()
class Desk {
  @Decide('ConnectionRequest') admit(verdict$: Observable<Verdict<ConnectionRequest>>) {
    return verdict$;
  }
  @Decide('SSHUserAuthRequest') signIn(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
    return verdict$;
  }
  @Decide('SSHChannelRequest') permit(verdict$: Observable<Verdict<SSHChannelRequest>>) {
    return verdict$;
  }
  @Decide('SSHChannelRequest', { phase: 'limit' }) limit(verdict$: Observable<Verdict<SSHChannelRequest>>) {
    return verdict$;
  }
  @On('Disconnected') tally(disconnected$: Observable<Disconnected>) {
    return disconnected$;
  }
  @Exec('uptime') uptime() {
    return 'up\n';
  }
  @Shell({ rawOutput: true }) shell() {
    return 0;
  }
  @Subsystem('sftp') sftp() {
    return 0;
  }
}

class Base {
  @Exec('one') one() {
    return 1;
  }
  @Exec('two') two() {
    return 2;
  }
}

describe('decorators', () => {
  it('record what they were given, in reading order, and do nothing else', () => {
    expect(recordsOf(Desk)).toEqual([
      { kind: 'decide', method: 'admit', request: 'ConnectionRequest', phase: 'limit' },
      { kind: 'decide', method: 'signIn', request: 'SSHUserAuthRequest', phase: 'authenticate' },
      { kind: 'decide', method: 'permit', request: 'SSHChannelRequest', phase: 'authorize' },
      { kind: 'decide', method: 'limit', request: 'SSHChannelRequest', phase: 'limit' },
      { kind: 'observe', method: 'tally', event: 'Disconnected' },
      { kind: 'exec', method: 'uptime', command: 'uptime', options: {} },
      { kind: 'shell', method: 'shell', options: { rawOutput: true } },
      { kind: 'subsystem', method: 'sftp', name: 'sftp', options: {} },
    ]);
  });

  it('may stand several on one method', () => {
    class Many {
      @Exec('a') @Exec('b') work() {
        return 0;
      }
    }
    expect(recordsOf(Many).map((it) => it.kind === 'exec' && it.command)).toEqual(['b', 'a']);
  });

  it('know methods by symbols too', () => {
    const hidden = Symbol('hidden');
    class Symbolic {
      @Exec('a') [hidden]() {
        return 0;
      }
    }
    expect(recordsOf(Symbolic)).toMatchObject([{ method: hidden }]);
  });

  it('refuse a static method where a program without types has one', () => {
    class Static extends Base {
      static work(): number {
        return 0;
      }
    }
    // What JavaScript lets through.
    const decorate = Exec('a') as unknown as (target: object, method: string) => void;
    expect(() => {
      decorate(Static, 'work');
    }).toThrow('Static.work is static and cannot be a handler method. Remove "static".');
    expect(recordsOf(Static)).toEqual(recordsOf(Base));
  });
});

describe('the records of a class', () => {
  it('come after those of its base', () => {
    class Derived extends Base {
      @Exec('three') three() {
        return 3;
      }
    }
    expect(recordsOf(Derived).map((it) => it.method)).toEqual(['one', 'two', 'three']);
  });

  it('are never written into its base, nor into a sibling', () => {
    class Left extends Base {
      @Exec('left') left() {
        return 0;
      }
    }
    class Right extends Base {
      @Exec('right') right() {
        return 0;
      }
    }
    expect(recordsOf(Base).map((it) => it.method)).toEqual(['one', 'two']);
    expect(recordsOf(Left).map((it) => it.method)).toEqual(['one', 'two', 'left']);
    expect(recordsOf(Right).map((it) => it.method)).toEqual(['one', 'two', 'right']);
  });

  it('replace those of an inherited method that is decorated again', () => {
    class Renamed extends Base {
      @Exec('first') override one() {
        return 10;
      }
    }
    expect(recordsOf(Renamed)).toMatchObject([
      { method: 'two', command: 'two' },
      { method: 'one', command: 'first' },
    ]);
  });

  it('stay those of the base for a method that is overridden without a decorator', () => {
    class Overridden extends Base {
      override one() {
        return 10;
      }
    }
    expect(recordsOf(Overridden)).toEqual(recordsOf(Base));
  });

  it('are a new list after each addition, so that a list once read stays as it is', () => {
    class Growing {
      work(): number {
        return 0;
      }
    }
    addRecord(Growing.prototype, { kind: 'exec', method: 'work', command: 'a', options: {} });
    const before = recordsOf(Growing);
    addRecord(Growing.prototype, { kind: 'exec', method: 'work', command: 'b', options: {} });
    expect(before).toHaveLength(1);
    expect(recordsOf(Growing)).toHaveLength(2);
  });
});

describe('@SshHandler()', () => {
  it('notes the scope of the class itself, which is that of the server unless it says otherwise', () => {
    @SshHandler({ scope: 'connection' })
    class Brief extends Desk {}
    class Derived extends Brief {}
    expect([Desk, Brief, Derived, Base].map((it) => scopeOf(it))).toEqual([
      'server',
      'connection',
      undefined,
      undefined,
    ]);
  });
});
