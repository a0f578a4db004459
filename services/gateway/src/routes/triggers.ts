import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { AppError, type Clock } from '@millrace/kernel';
import {
  type Trigger,
  TriggerListSchema,
  type TriggerView,
  WorkflowTriggersSchema,
  type WorkflowTriggersView,
} from '@millrace/contracts';
import { type Dialect, type TriggerDirectory, type WorkflowInService } from '@millrace/dialects';
import { allows } from '@millrace/domain';
import { type TriggerStates } from '@millrace/eventlog';
import { type SecretValues } from '@millrace/secrets';
import { principalOf } from '../auth/require-access.ts';
import { toScheduleView } from '../views/schedule-view.ts';
import { NOT_FOUND, PROBLEMS } from './problem-responses.ts';

export interface TriggersRoutesDeps {
  readonly directory: TriggerDirectory;
  readonly dialects: readonly Dialect[];
  readonly triggerStates: Pick<TriggerStates, 'get'>;
  readonly secretValues: Pick<SecretValues, 'valuesOf'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Those of the signature first: who signs takes the first one. */
const secretsOf = ({ keys = [], signature }: Trigger): readonly string[] => [
  ...new Set([...(signature?.secrets ?? []), ...keys.flatMap((key) => ('secret' in key ? [key.secret] : []))]),
];

const signatureOf = ({ signature }: Trigger): Pick<TriggerView, 'preset' | 'rule'> => {
  if (signature === undefined) return {};
  const { preset, rule } = signature;
  return Object.keys(rule).length === 0 ? { preset } : { preset, rule };
};

const toView = (
  { workspace, workflow }: WorkflowInService,
  trigger: Trigger,
  { triggerStates, secretValues }: TriggersRoutesDeps,
): TriggerView => {
  const { id, dialect, address, methods, auth, mode, enabled, keys = [] } = trigger;
  const secrets = secretsOf(trigger);
  const decided = triggerStates.get({ workspace, workflow, trigger: id });
  return {
    workflow,
    id,
    dialect,
    address,
    methods,
    auth,
    mode,
    state: decided?.state ?? (enabled ? 'enabled' : 'disabled'),
    ...(decided === undefined ? {} : { reason: decided.reason, since: decided.at }),
    ...signatureOf(trigger),
    secrets: [...secrets],
    missing_secrets: secrets.filter((name) => secretValues.valuesOf(name).length === 0),
    short_key: keys.some((key) => 'sha256' in key && key.short === true),
  };
};

const schedulesOf = ({ workspace, workflow, version }: WorkflowInService, deps: TriggersRoutesDeps): TriggerView[] => {
  const nowMs = deps.clock.now();
  return (version.schedules ?? []).map((schedule) => {
    const decided = deps.triggerStates.get({ workspace, workflow, trigger: schedule.id });
    return toScheduleView(workflow, schedule, { decided, nowMs });
  });
};

const triggersOf = (service: WorkflowInService, deps: TriggersRoutesDeps): TriggerView[] => [
  ...(service.version.triggers ?? []).map((trigger) => toView(service, trigger, deps)),
  ...schedulesOf(service, deps),
];

const describeWorkflow = (service: WorkflowInService, deps: TriggersRoutesDeps): WorkflowTriggersView => ({
  workflow: service.workflow,
  triggers: triggersOf(service, deps),
  calls: deps.dialects.flatMap(({ name, examples }) =>
    examples(service, service.version.triggers ?? []).map((call) => ({ dialect: name, ...call })),
  ),
});

/** `GET /triggers`, `GET /triggers/{workflow}`: how workflows are started, by requests and by the clock. Keys are shown to nobody. */
export const triggersRoutes: FastifyPluginAsyncTypebox<TriggersRoutesDeps> = async (app, deps) => {
  app.get(
    '/triggers',
    {
      schema: {
        operationId: 'listTriggers',
        summary: 'Declared triggers, without their keys, and schedules',
        tags: ['triggers'],
        response: { 200: TriggerListSchema, ...PROBLEMS },
      },
      config: { access: 'read' },
    },
    async (request) => {
      const { scopes } = principalOf(request);
      const visible = deps.directory.workflows().filter(({ workflow }) => allows(scopes, 'read', workflow));
      const sorted = visible.toSorted((a, b) => (a.workflow < b.workflow ? -1 : 1));
      return { triggers: sorted.flatMap((service) => triggersOf(service, deps)) };
    },
  );

  app.get(
    '/triggers/*',
    {
      schema: {
        operationId: 'getTriggers',
        summary: 'Triggers of one workflow, and calls that start it',
        tags: ['triggers'],
        response: { 200: WorkflowTriggersSchema, ...PROBLEMS, ...NOT_FOUND },
      },
      config: { access: 'read' },
    },
    async (request) => {
      const { '*': path = '' } = request.params as { readonly '*'?: string };
      const maySee = allows(principalOf(request).scopes, 'read', path);
      const service = maySee ? deps.directory.workflow(path) : undefined;
      if (service !== undefined) return describeWorkflow(service, deps);
      throw new AppError('not_found', 'workflow.not_found', `there is no workflow ${path}`, {
        details: { workflow: path },
      });
    },
  );
};
