import { AppError } from '@millrace/kernel';
import { type BoundTrigger, type StartRoute } from '@millrace/dialects';
import { type TriggerName, type TriggerStates } from '@millrace/eventlog';
import { type TriggerState } from '@millrace/contracts';

type States = Pick<TriggerStates, 'get'>;

export const nameOf = ({ workspace, workflow, trigger }: BoundTrigger): TriggerName => ({
  workspace,
  workflow,
  trigger: trigger.id,
});

/** What a person or a run decided comes before what is declared. */
const stateOf = (bound: BoundTrigger, states: States): TriggerState['state'] =>
  states.get(nameOf(bound))?.state ?? (bound.trigger.enabled ? 'enabled' : 'disabled');

/** Whether a trigger counts at its address: a disabled one only where the dialect has an answer for it. */
export const isThere = (bound: BoundTrigger, route: StartRoute, states: States): boolean =>
  route.disabled !== undefined || stateOf(bound, states) !== 'disabled';

const stopped = (): AppError =>
  new AppError(
    'refused',
    'trigger.stopped',
    'this trigger has stopped: a run that it started ended as its stop_after says',
  );

/**
 * Told only to whoever may use the trigger.
 *
 * @throws AppError `refused` `trigger.stopped`, `trigger.disabled`.
 */
export const checkState = (bound: BoundTrigger, route: StartRoute, states: States): void => {
  const state = stateOf(bound, states);
  if (state === 'stopped') throw stopped();
  if (state === 'disabled' && route.disabled !== undefined) throw route.disabled(bound);
};

/**
 * As it is stored now, for triggers that stop by themselves: what another process decided a moment ago counts.
 *
 * @throws AppError `refused` `trigger.stopped`; `unavailable` when NATS is away.
 */
export const checkNotStopped = async (bound: BoundTrigger, states: Pick<TriggerStates, 'read'>): Promise<void> => {
  if (bound.trigger.stopAfter === undefined) return;
  if ((await states.read(nameOf(bound)))?.state === 'stopped') throw stopped();
};
