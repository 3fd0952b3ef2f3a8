import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** A block of TypeScript in a doc comment or a page. */
export interface DocumentedExample {
  /** Path below the project. */
  readonly file: string;
  /** The line on which its first line of code stands, from 1. */
  readonly line: number;
  readonly code: string;
}

/** Every block of TypeScript in the doc comments of `src`. */
export function examplesInSource(): readonly DocumentedExample[] {
  return readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join('src', name))
    .sort()
    .flatMap((file) => examplesIn(file, readFileSync(path.join(root, file), 'utf8')));
}

/** The blocks of TypeScript in the doc comments of one file. */
export function examplesIn(file: string, source: string): readonly DocumentedExample[] {
  return [...source.matchAll(/\/\*\*.*?\*\//gs)].flatMap((comment) => {
    const text = comment[0].replace(/^[ \t]*\* ?/gm, '');
    return codeBlocks(text, 'ts').map(({ line, code }) => ({
      file,
      line: line + lineAt(source, comment.index) - 1,
      code,
    }));
  });
}

/** The fenced blocks of one language in a text in Markdown. */
export function codeBlocks(text: string, language: string): readonly Omit<DocumentedExample, 'file'>[] {
  const fenced = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms');
  return [...text.matchAll(fenced)].map((block) => ({ line: lineAt(text, block.index) + 1, code: block[1] ?? '' }));
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length;
