import { type RunDispatched } from '@millrace/contracts';
import { type Commit } from '@millrace/eventlog';

/** Runs whose last attempt is remembered: far more than an executor can hold, far less than memory. */
const REMEMBERED_MAX = 100_000;

/** The dispatches of one session that are new: an attempt is started once, however often it is read. */
export const makeAssignments = (executor: string): ((commits: readonly Commit[]) => readonly RunDispatched[]) => {
  const latest = new Map<string, number>();
  const isNew = ({ subject, attempt = 1 }: RunDispatched): boolean => {
    if ((latest.get(subject) ?? 0) >= attempt) return false;
    latest.delete(subject); // to the end: the map is in order of use
    latest.set(subject, attempt);
    if (latest.size > REMEMBERED_MAX) latest.delete(latest.keys().next().value ?? '');
    return true;
  };
  return (commits) =>
    commits
      .flatMap(({ events }) => events)
      .flatMap((decoded) => (decoded.known ? [decoded.event] : []))
      .filter((event) => event.type === 'dev.millrace.run.dispatched.v1')
      .filter((event) => event.data.executor === executor && isNew(event));
};
