import { SCHEDULE_DIALECT, type ScheduleTrigger, type TriggerState, type TriggerView } from '@millrace/contracts';
import { nextInstant, parseCron } from '@millrace/domain';

const nextOf = ({ cron, timezone }: ScheduleTrigger, nowMs: number): string | undefined => {
  const next = nextInstant({ cron: parseCron(cron), timezone }, nowMs);
  return next === undefined ? undefined : new Date(next).toISOString();
};

/** A declared schedule beside the triggers that requests call. */
export const toScheduleView = (
  workflow: string,
  schedule: ScheduleTrigger,
  { decided, nowMs }: { readonly decided: TriggerState | undefined; readonly nowMs: number },
): TriggerView => {
  const { id, cron, timezone, enabled } = schedule;
  const state = decided?.state ?? (enabled ? 'enabled' : 'disabled');
  const next = state === 'enabled' ? nextOf(schedule, nowMs) : undefined;
  return {
    workflow,
    id,
    dialect: SCHEDULE_DIALECT,
    address: { cron, timezone },
    methods: [],
    auth: 'none',
    mode: 'async',
    state,
    ...(decided === undefined ? {} : { reason: decided.reason, since: decided.at }),
    secrets: [],
    missing_secrets: [],
    ...(next === undefined ? {} : { next_at: next }),
    short_key: false,
  };
};
