import {
  type EndState,
  eventName,
  isTerminal,
  type RunEvent,
  type RunRequested,
  type TriggerState,
} from '@millrace/contracts';

/** The runs whose end may stop the trigger that started them. */
export interface StoppingRuns {
  /** Takes the next event that counts; gives the state of a trigger that it stops. */
  readonly take: (event: RunEvent) => TriggerState | undefined;
}

interface Watched {
  readonly trigger: string;
  readonly states: readonly EndState[];
}

const watchedOf = ({ data: { trigger, stopAfter } }: RunRequested): Watched | undefined =>
  trigger === undefined || stopAfter === undefined ? undefined : { trigger: trigger.id, states: stopAfter };

/** Remembers only runs of triggers with `stop_after`: others cost a look at their first and at their last event. */
export const makeStoppingRuns = (): StoppingRuns => {
  const runs = new Map<string, Watched>();
  const end = (event: RunEvent): TriggerState | undefined => {
    const watched = runs.get(event.subject);
    runs.delete(event.subject);
    const state = eventName(event.type) as EndState;
    if (watched?.states.includes(state) !== true) return undefined;
    const { workspace, workflow, subject: run, time: at } = event;
    const reason = `run ${run} ended: ${state}`;
    return { workspace, workflow, trigger: watched.trigger, state: 'stopped', reason, at, run };
  };
  return {
    take: (event) => {
      if (event.type === 'dev.millrace.run.requested.v1') {
        const watched = watchedOf(event);
        if (watched !== undefined) runs.set(event.subject, watched);
        return undefined;
      }
      return runs.size > 0 && isTerminal(event.type) ? end(event) : undefined;
    },
  };
};
