import { type Trigger } from '@millrace/client';
import { suggest } from '@millrace/kernel';
import { CommandError, EXIT } from './exit-codes.ts';

export interface TriggerChoice {
  /** How the sender signs. */
  readonly preset: string;
  readonly workflow?: string | undefined;
  /** Id of the trigger. */
  readonly trigger?: string | undefined;
}

const nameOf = ({ workflow, id }: Trigger): string => `${workflow}#${id}`;

const none = (all: readonly Trigger[], { preset, workflow, trigger }: TriggerChoice): CommandError => {
  const there = all.filter((one) => workflow === undefined || one.workflow === workflow);
  const named = there.find(({ id }) => id === trigger);
  if (named !== undefined) {
    const taken = named.preset === undefined ? 'unsigned requests' : `what ${named.preset} sends`;
    return new CommandError(EXIT.usage, `${nameOf(named)} takes ${taken}, not what ${preset} sends`);
  }
  const which = workflow === undefined ? '' : ` of ${workflow}`;
  if (trigger !== undefined) {
    const ids = [...new Set(there.filter((one) => one.preset === preset).map(({ id }) => id))];
    const meant = suggest(trigger, ids);
    const hint = meant === undefined ? `those for ${preset}: ${ids.join(', ') || 'none'}` : `did you mean ${meant}?`;
    return new CommandError(EXIT.usage, `there is no trigger ${trigger}${which}`, hint);
  }
  const hint = `declare one with signature: { preset: ${preset}, … }, or say where with --to`;
  return new CommandError(EXIT.usage, `no trigger${which} takes what ${preset} sends`, hint);
};

const several = (fitting: readonly Trigger[], { workflow }: TriggerChoice): CommandError => {
  const which = workflow === undefined ? '' : ` of ${workflow}`;
  const isOfOne = new Set(fitting.map((one) => one.workflow)).size === 1;
  const [example] = fitting;
  const hint = isOfOne
    ? `choose one with --trigger, as in --trigger ${example?.id ?? ''}`
    : 'name a workflow, choose one with --trigger, or use --to';
  return new CommandError(EXIT.usage, `several triggers${which} take it: ${fitting.map(nameOf).join(', ')}`, hint);
};

/**
 * The one trigger that takes deliveries of a sender.
 *
 * @throws CommandError that lists those that there are, when none or several fit.
 */
export const chooseTrigger = (all: readonly Trigger[], choice: TriggerChoice): Trigger => {
  const { preset, workflow, trigger } = choice;
  const fitting = all.filter(
    (one) =>
      one.preset === preset &&
      (workflow === undefined || one.workflow === workflow) &&
      (trigger === undefined || one.id === trigger),
  );
  const [only, ...others] = fitting;
  if (only === undefined) throw none(all, choice);
  if (others.length > 0) throw several(fitting, choice);
  return only;
};
