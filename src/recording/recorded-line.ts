import type { SshEvent } from '../streams/events/ssh-event.js';
import type { RecordingHeader } from './recording-header.js';

/** A file of a recording begins. */
export interface RecordedPart {
  readonly kind: 'part';
  /** The file, or `recording` if its text was given. */
  readonly file: string;
  readonly header: RecordingHeader;
}

/** An event that was recorded. */
export interface RecordedEvent {
  readonly kind: 'event';
  /** Number of the event in its run, from 1; events that were dropped have numbers too. */
  readonly seq: number;
  /** When it happened, in milliseconds from `startedAt` of the header. Never decreases within a run. */
  readonly at: number;
  /**
   * The event as it was, apart from what is redacted: a password or an answer is a {@link RedactedSecret}; an environment
   * variable's value and the cookie of `x11-req` are asterisks, as many as they had bytes; data that arrived on a channel, and
   * type-specific data that was not understood, are bytes 0xff, as many as there were; `data` of a request is its redacted
   * `detail`, encoded again; an error has a code, a message, and the stack of the reader.
   *
   * All events of a connection share one `connection`, and the `request` of a decision is the object that was emitted as an
   * event, if that was recorded.
   */
  readonly event: SshEvent;
}

/** Events were lost here: the recorder's queue was full or the disk failed. */
export interface RecordedLoss {
  readonly kind: 'dropped';
  /** When that was noted, in milliseconds from `startedAt` of the header. */
  readonly at: number;
  readonly count: number;
}

/** The last line of a file is cut: the recorder was ended in the middle of it, or it is being written just now. */
export interface TornLine {
  readonly kind: 'torn';
  readonly file: string;
  /** Number of the line, from 1. */
  readonly line: number;
}

/** An event of a kind that only later versions of this package know, or a decision about one. */
export interface SkippedLine {
  readonly kind: 'skipped';
  readonly seq: number;
  readonly at: number;
  readonly eventType: string;
}

/** What {@link readRecording} finds in a recording. */
export type RecordedLine = RecordedPart | RecordedEvent | RecordedLoss | TornLine | SkippedLine;
