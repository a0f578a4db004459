import { type DeployProblem } from '@millrace/contracts';

/** One thing that is wrong with a source, where it is known. Lines and columns count from 1. */
export interface Fault {
  /** Relative to the workflows folder. */
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly reason: string;
}

const REASONS_SHOWN_MAX = 5;

const further = (fault: Fault, file: string): string => {
  const place = [
    fault.file === file ? undefined : fault.file,
    fault.line === undefined ? undefined : `line ${fault.line}`,
  ];
  const where = place.filter((part) => part !== undefined).join(' ');
  return where === '' ? fault.reason : `${where}: ${fault.reason}`;
};

/** All faults of one source as the one problem that the catalog keeps: placed at the first, with the others in its reason. */
export const problemOf = (faults: readonly [Fault, ...Fault[]], nowMs: number): DeployProblem => {
  const [first, ...others] = faults;
  const shown = others.slice(0, REASONS_SHOWN_MAX - 1).map((fault) => further(fault, first.file));
  const hidden = others.length - shown.length;
  const reasons = [first.reason, ...shown, ...(hidden > 0 ? [`and ${hidden} more`] : [])];
  return { ...first, reason: reasons.join('; '), at: new Date(nowMs).toISOString() };
};

export const isFaulty = (faults: readonly Fault[]): faults is readonly [Fault, ...Fault[]] => faults.length > 0;

/** Whether two problems say the same, whenever they were found. */
export const sameProblem = (a: DeployProblem | undefined, b: DeployProblem | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    (['file', 'line', 'column', 'reason'] as const).every((member) => a[member] === b[member]));
