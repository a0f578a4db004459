import { AppError } from '@millrace/kernel';
import { type BoundTrigger, type StartRoute } from '@millrace/dialects';
import { type TriggerName, type TriggerStates } from '@millrace/eventlog';
import { type TriggerState } from '@millrace/contracts';
import { triggerStateOf } from '@millrace/domain';

type States = Pick<TriggerStates, 'get'>;

export const nameOf = ({ workspace, workflow, trigger }: BoundTrigger): TriggerName => ({
  workspace,
  workflow,
  trigger: trigger.id,
});

/** What was decided about a trigger, or else declared. */
export const stateOf = (bound: BoundTrigger, states: States): TriggerState['state'] =>
  triggerStateOf(bound.trigger, states.get(nameOf(bound)));

/** Whether a trigger counts at its address: a disabled one only where the dialect has an answer for it. */
export const isThere = (bound: BoundTrigger, route: StartRoute, states: States): boolean =>
  route.disabled !== undefined || stateOf(bound, states) !== 'disabled';

export const stopped = (): AppError =>
  new AppError(
    'refused',
    'trigger.stopped',
    'this trigger has stopped: a run that it started ended as its stop_after says',
  );

/**
 * As it is stored now, for triggers that stop by themselves: what another process decided a moment ago counts.
 *
 * @throws AppError `refused` `trigger.stopped`; `unavailable` when NATS is away.
 */
export const checkNotStopped = async (bound: BoundTrigger, states: Pick<TriggerStates, 'read'>): Promise<void> => {
  if (bound.trigger.stopAfter === undefined) return;
  if ((await states.read(nameOf(bound)))?.state === 'stopped') throw stopped();
};
