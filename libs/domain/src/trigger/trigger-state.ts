import { type EndState, type Trigger, type TriggerState } from '@millrace/contracts';

/** What a person or a run decided comes before what is declared. */
export const triggerStateOf = (
  { enabled }: Pick<Trigger, 'enabled'>,
  decided: Pick<TriggerState, 'state'> | undefined,
): TriggerState['state'] => decided?.state ?? (enabled ? 'enabled' : 'disabled');

/** Whether the end of a run that this trigger started stops it. */
export const isStoppedBy = ({ stopAfter }: Pick<Trigger, 'stopAfter'>, status: string): boolean =>
  stopAfter?.includes(status as EndState) === true;
