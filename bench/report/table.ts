import type { ServerUnderTest } from '../servers/server-under-test.js';
import type { Rounds } from './statistics.js';

/** What a ratio to the anchor has to be for the subject. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** One column of a table. */
export interface Metric {
  readonly id: string;
  /** With its unit. */
  readonly label: string;
  readonly target?: Target;
}

/** One server in one case of a measure. */
export interface Row {
  readonly caseName: string;
  readonly serverId: string;
  /** By metric id. */
  readonly values: ReadonlyMap<string, Rounds>;
  /** What differs from the other rows, for instance a smaller count. */
  readonly remark?: string;
}

/** The results of one measure. */
export interface Table {
  readonly title: string;
  /** Whom it compares, if that is not the servers of the run. */
  readonly servers?: readonly ServerUnderTest[];
  /** What was done, in sentences. */
  readonly note: string;
  /** Heading of the first column. */
  readonly caseHeading: string;
  readonly metrics: readonly Metric[];
  readonly rows: readonly Row[];
}
