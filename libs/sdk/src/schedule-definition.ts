/**
 * A rule by which time starts the workflow, as in the `.yaml` beside a workflow.
 *
 * @example
 * triggers: [{ cron: '0 3 * * *', timezone: 'Europe/Berlin' }]
 */
export interface ScheduleDefinition {
  readonly dialect?: 'schedule';
  /** `minute hour day-of-month month day-of-week`, with seconds in front if there are six fields; or `@hourly`, `@daily`, `@weekly`, … */
  readonly cron: string;
  /** IANA name of the zone whose clocks count. Default `UTC`. */
  readonly timezone?: string;
  /** Unique in the workflow. Default `schedule`, `schedule-2`, … */
  readonly id?: string;
  /** Of every run that it starts. Default `{}`. */
  readonly input?: unknown;
  /** Of instants that passed while the server was down: `latest` starts one run for the last of them (default), `none` starts none. */
  readonly catch_up?: 'latest' | 'none';
  /** Stops once a run that it started has ended in one of these states. */
  readonly stop_after?: readonly ('completed' | 'failed' | 'cancelled' | 'timed_out' | 'rejected')[];
  /** Default true. */
  readonly enabled?: boolean;
}
