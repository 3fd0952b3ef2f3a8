/** What one character of a diagram says: a letter, `|` for the end or `#` for an error. */
interface Marble {
  readonly character: string;
  /** In milliseconds. */
  readonly frame: number;
}

/** A drawing of time, read. */
export interface MarbleDiagram {
  readonly marbles: readonly Marble[];
  /** Where it ends, in milliseconds, dashes and times behind the last value included. */
  readonly length: number;
}

/** Milliseconds of each unit of time. */
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time by itself, between blanks or at an end of the diagram. */
const TIME = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)(?= |$)/u;

/**
 * Reads a diagram in the notation of RxJS, with hours (`h`) and days (`d`) beside its units, and a time also at the end.
 *
 * @throws TypeError if the diagram cannot be read
 */
export function parseMarbles(diagram: string): MarbleDiagram {
  const marbles: Marble[] = [];
  let frame = 0;
  let group: number | undefined;
  for (let index = 0; index < diagram.length; index += 1) {
    const character = diagram.charAt(index);
    const time = isAtStart(diagram, index) ? TIME.exec(diagram.slice(index)) : null;
    if (time !== null) {
      frame += Math.round(Number(time[1]) * (UNITS[time[2] ?? ''] ?? 0));
      index += time[0].length - 1;
      continue;
    }
    if (character === ' ') continue;
    const at = group ?? frame;
    if (character === '(') {
      if (group !== undefined) throw unreadable(diagram, 'a group inside a group');
      group = frame;
    } else if (character === ')') {
      if (group === undefined) throw unreadable(diagram, 'a group that ends without a beginning');
      group = undefined;
    } else if (character !== '-') {
      marbles.push({ character, frame: at });
    }
    frame += 1;
  }
  if (group !== undefined) throw unreadable(diagram, 'a group without an end');
  return { marbles, length: frame };
}

/**
 * What the characters of a diagram stand for, each at its time.
 *
 * @param meaningOf - what `|`, `#` or a letter stands for; undefined if nothing
 * @throws TypeError if the diagram cannot be read, or a character stands for nothing
 */
export function marblesIn<Meaning>(
  diagram: string,
  meaningOf: (character: string) => Meaning | undefined,
): { readonly entries: readonly { readonly frame: number; readonly meaning: Meaning }[]; readonly length: number } {
  const { marbles, length } = parseMarbles(diagram);
  const entries = marbles.map(({ character, frame }) => {
    const meaning = meaningOf(character);
    if (meaning !== undefined) return { frame, meaning };
    throw unreadable(diagram, `${JSON.stringify(character)} has no meaning; give it one in the values`);
  });
  return { entries, length };
}

/** The same diagram in the units that RxJS knows, which wants a blank behind every time. */
export const inRxjsUnits = (diagram: string): string =>
  `${diagram} `.replaceAll(
    /(?<=^| )(\d+(?:\.\d+)?)([hd])(?= |$)/gu,
    (_time, amount: string, unit: string) => `${String((Number(amount) * (UNITS[unit] ?? 0)) / 60_000)}m`,
  );

const isAtStart = (diagram: string, index: number): boolean => index === 0 || diagram[index - 1] === ' ';

const unreadable = (diagram: string, fault: string): TypeError =>
  new TypeError(`${JSON.stringify(diagram)} cannot be read: ${fault}`);
