import { type CatalogEntry, type ScheduleTrigger, type TriggerState, type WorkflowVersion } from '@millrace/contracts';
import { parseCron, type Schedule, scheduleKey, type ScheduleName } from '@millrace/domain';
import { type TriggerStates } from '@millrace/eventlog';

/** A schedule that is in service and enabled. */
export interface DeclaredSchedule {
  readonly key: string;
  readonly name: ScheduleName;
  readonly trigger: ScheduleTrigger;
  readonly version: WorkflowVersion;
  readonly schedule: Schedule;
  /** Since when it is due at all, milliseconds since the epoch: its deploy, or when it was enabled. */
  readonly sinceMs: number;
}

/** Parsed once: a trigger belongs to a version, which never changes. */
const schedules = new WeakMap<ScheduleTrigger, Schedule>();

const scheduleOf = (trigger: ScheduleTrigger): Schedule => {
  let schedule = schedules.get(trigger);
  if (schedule === undefined) {
    schedule = { cron: parseCron(trigger.cron), timezone: trigger.timezone };
    schedules.set(trigger, schedule);
  }
  return schedule;
};

const isEnabled = ({ enabled }: ScheduleTrigger, decided: TriggerState | undefined): boolean =>
  decided === undefined ? enabled : decided.state === 'enabled';

const read = (
  { workspace, path: workflow }: CatalogEntry,
  version: WorkflowVersion,
  trigger: ScheduleTrigger,
  states: Pick<TriggerStates, 'get'>,
): DeclaredSchedule | undefined => {
  const name = { workspace, workflow, trigger: trigger.id };
  const decided = states.get(name);
  if (!isEnabled(trigger, decided)) return undefined;
  return {
    key: scheduleKey(name),
    name,
    trigger,
    version,
    schedule: scheduleOf(trigger),
    sinceMs: Math.max(Date.parse(version.deployedAt), Date.parse(decided?.at ?? version.deployedAt)),
  };
};

/** Every schedule that may fire, by key. The deploy has checked their expressions. */
export const declaredSchedules = (
  entries: Iterable<CatalogEntry>,
  states: Pick<TriggerStates, 'get'>,
): ReadonlyMap<string, DeclaredSchedule> => {
  const found = new Map<string, DeclaredSchedule>();
  for (const entry of entries) {
    const { current } = entry;
    for (const trigger of current?.schedules ?? []) {
      const declared = current && read(entry, current, trigger, states);
      if (declared !== undefined) found.set(declared.key, declared);
    }
  }
  return found;
};
