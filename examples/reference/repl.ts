import { EMPTY } from 'rxjs';
import { type Session, Shell, SshHandler } from 'rxsshd';

import { type Input, inputOf } from './input.js';
import { type Exit, untilKilled, type Word } from './program.js';
import { words } from './words.js';

const WORDS: ReadonlyMap<string, Word> = new Map(Object.entries(words));

const HELP = `words: ${[...WORDS.keys()].join(', ')}, help. Ctrl-D ends.\n`;

/** What shells return for a word they do not know, and for one that was interrupted. */
const UNKNOWN_WORD = 127;
const INTERRUPTED = 130;

/** The shell of this server: reads lines and runs the words in them, as `ssh demo@host` or `ssh demo@host < script`. */
@SshHandler()
export class Repl {
  @Shell()
  shell(session: Session) {
    // Ctrl-C is for the word that runs, not for the shell; signals are for both.
    return untilKilled(session, EMPTY, () => converse(session, inputOf(session)));
  }
}

async function converse(session: Session, input: Input): Promise<Exit> {
  const interactive = session.terminal !== undefined;
  let status: Exit = 0;
  for (;;) {
    if (interactive) await session.write('> ');
    const typed = await input.read();
    if (typed.type === 'interrupt') continue;
    if (typed.type === 'end') {
      if (interactive) await session.write('\n');
      return status;
    }

    const [, name = '', args = ''] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(typed.text) ?? [];
    if (name === '') continue;
    if (name === 'help') {
      await session.write(HELP);
      status = 0;
      continue;
    }
    const word = WORDS.get(name);
    if (word === undefined) {
      session.stderr.write(`${name}: no such word; try help\n`);
      status = UNKNOWN_WORD;
      continue;
    }
    status = await run(word, args, session, input);
    if (word === words.exit || word === words.signal) return status;
  }
}

async function run(word: Word, args: string, session: Session, input: Input): Promise<Exit> {
  const interruption = new AbortController();
  const subscription = input.interrupts.subscribe(() => {
    interruption.abort();
  });
  const signal = AbortSignal.any([session.signal, interruption.signal]);
  try {
    const exit = await word({ session, args, input: input.bytes, signal });
    return interruption.signal.aborted ? INTERRUPTED : exit;
  } finally {
    subscription.unsubscribe();
  }
}
