import { type RunSnapshot } from '../../run-snapshot.ts';
import { answeredVariables } from './variables.ts';

export const WEBHOOK_TYPE = 'io.kestra.plugin.core.trigger.Webhook';

/** What is known of a run when an execution is written of it. */
export interface KnownRun extends Pick<RunSnapshot, 'id' | 'workflow' | 'version' | 'requestedAt' | 'input'> {
  readonly state: string;
  readonly startedAt?: string | undefined;
  readonly endedAt?: string | undefined;
  readonly output?: unknown;
}

export interface ExecutionPlace {
  readonly tenant: string;
  readonly namespace: string;
  readonly flow: string;
  /** Origin for `url`; empty: relative to the server. */
  readonly origin: string;
  readonly triggerId: string;
}

const STATES: Readonly<Record<string, string>> = {
  waiting: 'CREATED',
  dispatched: 'QUEUED',
  running: 'RUNNING',
  completed: 'SUCCESS',
  failed: 'FAILED',
  timed_out: 'FAILED',
  cancel_requested: 'KILLING',
  cancelled: 'KILLED',
  rejected: 'CANCELLED',
  attempt_failed: 'RETRYING',
  attempt_lost: 'RESTARTED',
};

/** The state of Kestra that one of ours is. */
export const kestraState = (state: string): string => STATES[state] ?? 'RUNNING';

/** Where a workflow is when it was not told otherwise: the folders are the namespace, their names joined by dots. */
export const placeOfWorkflow = (workflow: string): { readonly namespace: string; readonly flow: string } => {
  const slash = workflow.lastIndexOf('/');
  return { namespace: workflow.slice(0, Math.max(0, slash)).replaceAll('/', '.'), flow: workflow.slice(slash + 1) };
};

/** A whole number for a version, always the same one. Versions are named by content: the numbers have no order. */
export const revisionOf = (version: string): number => Number.parseInt(version.slice(0, 7), 16) + 1 || 1;

const MS = 1_000;
const durationOf = (from: string, to: string): string => {
  const seconds = Math.max(0, Date.parse(to) - Date.parse(from)) / MS;
  return `PT${seconds}S`;
};

const historiesOf = ({ state, requestedAt, startedAt, endedAt }: KnownRun) => [
  { state: 'CREATED', date: requestedAt },
  ...(startedAt === undefined ? [] : [{ state: 'RUNNING', date: startedAt }]),
  ...(endedAt === undefined ? [] : [{ state: kestraState(state), date: endedAt }]),
];

const stateOf = (run: KnownRun) => {
  const current = kestraState(run.state);
  const told = historiesOf(run);
  const date = run.endedAt ?? run.startedAt ?? run.requestedAt;
  const histories = told.at(-1)?.state === current ? told : [...told, { state: current, date }];
  return {
    current,
    histories,
    duration: durationOf(run.requestedAt, date),
    startDate: run.requestedAt,
    ...(run.endedAt === undefined ? {} : { endDate: run.endedAt }),
  };
};

const isRecord = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Outputs are named: whatever else a workflow gives is called `result`. */
const outputsOf = (output: unknown): unknown => (isRecord(output) ? output : { result: output });

/** The body that clients read: the members of the old `Execution` and of the newer `WebhookResponse`, without credentials. */
export const executionOf = (run: KnownRun, place: ExecutionPlace): Readonly<Record<string, unknown>> => {
  const { tenant, namespace, flow, origin, triggerId } = place;
  const variables = answeredVariables(run.input);
  return {
    tenantId: tenant,
    id: run.id,
    namespace,
    flowId: flow,
    flowRevision: revisionOf(run.version),
    labels: [
      { key: 'system.from', value: 'trigger' },
      { key: 'system.correlationId', value: run.id },
    ],
    state: stateOf(run),
    ...(variables === undefined ? {} : { trigger: { id: triggerId, type: WEBHOOK_TYPE, variables } }),
    ...(run.output === undefined ? {} : { outputs: outputsOf(run.output) }),
    url: `${origin}/api/v1/${tenant}/executions/${run.id}`,
    deleted: false,
  };
};
