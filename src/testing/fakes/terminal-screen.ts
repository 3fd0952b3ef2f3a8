/** What ends a sequence that begins with the control sequence introducer: its last byte (ECMA-48 section 5.4). */
const FINAL = /[@-~]/;

/** An operating system command, such as a window title, ends with BEL or ST. */
const COMMAND_END = /\x07|\x1b\\/;

const TAB_WIDTH = 8;

/**
 * What a terminal shows of a program's output: as much of a terminal as line editors and REPLs use.
 *
 * Knows carriage return, line feed, backspace, tab, wrapping at the right edge, scrolling, and of the control sequences of ECMA-48
 * those that move the cursor (`A` `B` `C` `D` `G` `H`) and erase (`J` `K`). All others, colours among them, show nothing. Each
 * character takes one column.
 */
export class TerminalScreen {
  #columns: number;
  #rows: number;
  #row = 0;
  #column = 0;
  /** All lines since the beginning; the last rows of them are to be seen. */
  #lines: string[][] = [[]];
  /** The beginning of a sequence whose end has not arrived. */
  #unread = '';

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
  }

  /** The rows to be seen, without blanks at their ends and without the empty ones below. */
  get lines(): readonly string[] {
    return visible(this.#lines.slice(this.#top));
  }

  /** All lines, those that have scrolled away included. */
  get history(): readonly string[] {
    return visible(this.#lines);
  }

  /** Where the cursor stands, both counted from 0. */
  get cursor(): { readonly row: number; readonly column: number } {
    return { row: this.#row - this.#top, column: Math.min(this.#column, this.#columns - 1) };
  }

  /** The window has another size from now on. Lines that are there stay as they are. */
  resize(columns: number, rows: number): void {
    this.#columns = columns;
    this.#rows = rows;
  }

  /** Shows output. It may be cut anywhere. */
  write(output: string): void {
    let rest = this.#unread + output;
    this.#unread = '';
    while (rest !== '') {
      if (rest.startsWith('\x1b')) {
        const length = this.#obey(rest);
        if (length === undefined) {
          this.#unread = rest;
          return;
        }
        rest = rest.slice(length);
      } else {
        // A character, not half of one.
        const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
        this.#show(character);
        rest = rest.slice(character.length);
      }
    }
  }

  /** The first line to be seen. */
  get #top(): number {
    return Math.max(0, this.#lines.length - this.#rows);
  }

  #show(character: string): void {
    switch (character) {
      case '\r':
        this.#column = 0;
        return;
      case '\n':
        this.#moveTo(this.#row + 1, this.#column);
        return;
      case '\b':
        this.#column = Math.max(0, Math.min(this.#column, this.#columns) - 1);
        return;
      case '\t':
        this.#column = Math.min(this.#columns - 1, (Math.floor(this.#column / TAB_WIDTH) + 1) * TAB_WIDTH);
        return;
      default:
        if (character < ' ' || character === '\x7f') return;
        // Only once there is something more to show, so that a full line is not followed by an empty one.
        if (this.#column >= this.#columns) this.#moveTo(this.#row + 1, 0);
        this.#line(this.#row)[this.#column] = character;
        this.#column += 1;
    }
  }

  /** @returns the length of the sequence; undefined if its end is missing */
  #obey(text: string): number | undefined {
    const kind = text[1];
    if (kind === undefined) return undefined;
    if (kind === ']') {
      const end = COMMAND_END.exec(text);
      return end === null ? undefined : end.index + end[0].length;
    }
    if (kind !== '[') return 2;
    const end = text.slice(2).search(FINAL);
    if (end === -1) return undefined;
    this.#control(text[2 + end] ?? '', text.slice(2, 2 + end));
    return 3 + end;
  }

  #control(final: string, parameters: string): void {
    const [first = 0, second = 0] = parameters.split(';').map((it) => Number.parseInt(it, 10) || 0);
    const step = Math.max(1, first);
    switch (final) {
      case 'A':
        this.#moveTo(Math.max(this.#top, this.#row - step), this.#column);
        return;
      case 'B':
        this.#moveTo(Math.min(this.#bottom, this.#row + step), this.#column);
        return;
      case 'C':
        this.#column = Math.min(this.#columns - 1, this.#column + step);
        return;
      case 'D':
        this.#column = Math.max(0, Math.min(this.#column, this.#columns - 1) - step);
        return;
      case 'G':
        this.#column = Math.min(this.#columns, step) - 1;
        return;
      case 'H':
        this.#moveTo(Math.min(this.#bottom, this.#top + step - 1), Math.min(this.#columns, Math.max(1, second)) - 1);
        return;
      case 'J':
        this.#eraseScreen(first);
        return;
      case 'K':
        this.#eraseLine(first);
        return;
      default:
    }
  }

  /** The last row to be seen, whether something stands there or not. */
  get #bottom(): number {
    return this.#top + this.#rows - 1;
  }

  #moveTo(row: number, column: number): void {
    while (this.#lines.length <= row) this.#lines.push([]);
    this.#row = row;
    this.#column = column;
  }

  /** @param what - 0 from the cursor on, 1 up to the cursor, 2 all of it */
  #eraseLine(what: number): void {
    const line = this.#line(this.#row);
    if (what === 0) line.length = Math.min(line.length, this.#column);
    else for (let column = what === 1 ? this.#column : line.length - 1; column >= 0; column -= 1) line[column] = ' ';
  }

  #eraseScreen(what: number): void {
    this.#eraseLine(what);
    for (let row = this.#top; row < this.#lines.length; row += 1) {
      if (what === 2 || (what === 0 ? row > this.#row : row < this.#row)) this.#lines[row] = [];
    }
  }

  #line(row: number): string[] {
    return (this.#lines[row] ??= []);
  }
}

/** A cell that was never written to is blank. */
function visible(lines: readonly (readonly string[])[]): readonly string[] {
  const texts = lines.map((line) =>
    Array.from(line, (character: string | undefined) => character ?? ' ')
      .join('')
      .trimEnd(),
  );
  const last = texts.findLastIndex((text) => text !== '');
  return texts.slice(0, last + 1);
}
