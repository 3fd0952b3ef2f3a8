import { expect, it } from 'vitest';

import { Decide, Exec, On, Shell, Subsystem } from '../../../src/index.js';

// Given what a compiler without experimentalDecorators gives them: the method and its context. No type allows that.
type StandardDecorator = (method: () => unknown, context: { readonly kind: 'method'; readonly name: string }) => void;

it.each<[name: string, decorator: unknown]>([
  ['Decide', Decide('SSHUserAuthRequest')],
  ['On', On('Disconnected')],
  ['Exec', Exec('hello')],
  ['Shell', Shell()],
  ['Subsystem', Subsystem('sftp')],
])('@%s names the compiler option that a program with standard decorators lacks', (_name, decorator) => {
  expect(() => {
    (decorator as StandardDecorator)(() => 0, { kind: 'method', name: 'hello' });
  }).toThrow(
    expect.objectContaining({
      code: 'ERR_SSH_HANDLER',
      message: expect.stringContaining('"experimentalDecorators": true') as string,
    }),
  );
});
