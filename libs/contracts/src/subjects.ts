import { eventName, type RunEventType } from './run-events.ts';

/** Every stream and subject name is built and parsed here. A shard is a small integer; there is one, `0`, by default. */
export const DEFAULT_SHARD = 0;
export const DEFAULT_WORKSPACE = 'default';

export const logStream = (shard: number): string => `LOG_${shard}`;
export const EVENTS_STREAM = 'EVENTS';
/** Output chunks of runs, packed; separate so that chatty runs never push events out. */
export const OUTPUT_STREAM = 'LOGS';
/** The first shard keeps the name that the stream has without shards. */
export const outputStream = (shard: number): string =>
  shard === DEFAULT_SHARD ? OUTPUT_STREAM : `${OUTPUT_STREAM}_${shard}`;

export const logSubject = {
  /** Everything of a shard. */
  all: (shard: number): string => `log.${shard}.>`,
  /** What gateways record, keyed requests apart. */
  gateway: (shard: number): string => `log.${shard}.gateway`,
  /** What executors say about the attempts that were given to them. */
  executor: (shard: number): string => `log.${shard}.executor`,
  /** Commits of gateways and executors in older logs: read for ever, written no more. */
  commit: (shard: number): string => `log.${shard}.commit`,
  /** A commit with one keyed `run.requested`; expects to be the first on its subject. */
  request: (shard: number, keyHash: string): string => `log.${shard}.request.${keyHash}`,
  /** Dispatches addressed to one executor, fenced by the lease. */
  dispatch: (shard: number, executor: string): string => `log.${shard}.dispatch.${executor}`,
  /** The scheduler's other decisions (cancelled, rejected, attempt.lost, failed), fenced by the lease. */
  decision: (shard: number): string => `log.${shard}.decision`,
  /** Requests that a schedule makes, fenced by the lease. */
  scheduled: (shard: number): string => `log.${shard}.scheduled`,
  /** Its last message is the lease. */
  lease: (shard: number): string => `log.${shard}.lease`,
  /** Commits without events, written while it is in doubt whether the log can be written at all. */
  probe: (shard: number): string => `log.${shard}.probe`,
} as const;

export const outputSubject = (shard: number): string => `logs.${shard}.chunks`;

/** Alarms: message schedules and what came of them. Can be made anew from the log at any time. */
export const SCHEDULES_STREAM = 'SCHEDULES';
export const scheduleSubject = {
  /** Everything of the stream. */
  all: 'schedule.>',
  /** A message schedule; nats-server stores its message on {@link scheduleSubject.due} of the same name when it is due. */
  alarm: (shard: number, name: string): string => `schedule.${shard}.at.${name}`,
  alarms: (shard: number): string => `schedule.${shard}.at.>`,
  due: (shard: number, name: string): string => `schedule.${shard}.due.${name}`,
  allDue: (shard: number): string => `schedule.${shard}.due.>`,
} as const;

/** Splits `f/ops/deploy` into folder `f/ops` and name `deploy`. */
export const splitWorkflowPath = (path: string): { readonly folder: string; readonly name: string } => {
  const slash = path.lastIndexOf('/');
  return { folder: path.slice(0, slash), name: path.slice(slash + 1) };
};

/** `run.<event>.<workspace>.<folder>.<name>`; the event `attempt.lost` is one token, `attempt-lost`, a nested folder is one token as well. */
export const publicEventSubject = (type: RunEventType, workspace: string, workflow: string): string => {
  const { folder, name } = splitWorkflowPath(workflow);
  return `run.${eventName(type).replaceAll('.', '-')}.${workspace}.${folder}.${name}`;
};
export const PUBLIC_EVENTS_FILTER = 'run.>';
/** All public events of one type, or of all. */
export const publicEventFilter = (type?: RunEventType): string =>
  type === undefined ? PUBLIC_EVENTS_FILTER : `run.${eventName(type).replaceAll('.', '-')}.>`;

/** Core NATS subjects: hints, heartbeats and replies; nothing that must not be lost. */
export const messagingSubject = {
  /** Request: an executor's {@link Heartbeat}; the leader of the shard answers. */
  heartbeat: (shard: number): string => `scheduler.${shard}.heartbeat`,
  /** Request: is there a leader? Only the leader answers. */
  leader: (shard: number): string => `scheduler.${shard}.leader`,
  /** Request: why does the run of this id wait? Only the leader answers. */
  why: (shard: number): string => `scheduler.${shard}.why`,
  /** A scheduler process says that it lives, once a second, where there are several shards to share; its name, as text. */
  schedulers: 'schedulers.alive',
  /** The supervisor's word, every second, for as long as the log cannot be written: why, as text. */
  unwritable: (shard: number): string => `supervisor.${shard}.unwritable`,
  /** Request: does anybody deliver webhooks? Only who does answers. */
  notifier: 'notifier.leader',
  /** Hint to one executor that one of its runs shall be cancelled; the heartbeat's answer repeats it. */
  cancel: (executor: string): string => `executor.${executor}.cancel`,
  /** The projector's position after each transaction. */
  projected: (shard: number): string => `projector.${shard}.position`,
  /** Outcomes for the callers that wait at one gateway. */
  reply: (gateway: string, runId: string): string => `reply.${gateway}.${runId}`,
  replies: (gateway: string): string => `reply.${gateway}.*`,
} as const;
