import { type Counter, type Logger } from '@millrace/runtime';
import { formatPosition } from '@millrace/contracts';
import { type ProjectorMetrics } from './projector-metrics.ts';
import { type MissingCommits } from './run-projection/missing-commits.ts';
import { type UnusableEntry } from './run-projection/recorded-event.ts';

/** Types that are remembered as reported; a flood of made-up types is only counted. */
const REPORTED_MAX = 100;

/** Counts what no row can be made of, and says each type once. */
export const reportUnusable = (log: Logger, counter: Counter): ((entry: UnusableEntry) => void) => {
  const reported = new Set<string>();
  return ({ position, type, reason }) => {
    counter.inc({});
    if (reported.has(type) || reported.size >= REPORTED_MAX) return;
    reported.add(type);
    log.warn('an entry of the log cannot be used and is passed over', {
      position: formatPosition(position),
      type: type.slice(0, 100),
      reason,
    });
  };
};

/** Counts what the log did not hand out, and says where it is missing. */
export const reportMissing =
  (log: Logger, metrics: Pick<ProjectorMetrics, 'missing'>): ((commits: MissingCommits) => void) =>
  ({ from, to }) => {
    metrics.missing(to - from + 1);
    log.error('the log does not hand out what it should hold: runs may lack events', { from, to });
  };
