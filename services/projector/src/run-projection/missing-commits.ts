import { type Commit } from '@millrace/eventlog';

/** Commits that the log should have held and did not hand out. */
export interface MissingCommits {
  /** Sequence of the first and the last of them. */
  readonly from: number;
  readonly to: number;
}

/**
 * Notices what is missing between commits that are read one after the other: the log never loses one from its middle by itself. nats-server
 * passes over a message that it cannot read any more without a word.
 *
 * @param position the sequence read last; 0 when nothing was, and then what the log no longer keeps is not missed
 */
export const makeFindMissing = (position: number) => {
  let last = position;
  return (commits: readonly Commit[]): readonly MissingCommits[] => {
    const missing: MissingCommits[] = [];
    for (const { sequence } of commits) {
      if (last > 0 && sequence > last + 1) missing.push({ from: last + 1, to: sequence - 1 });
      last = sequence;
    }
    return missing;
  };
};
