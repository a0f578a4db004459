import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { AppError } from '@millrace/kernel';
import { allows } from '@millrace/domain';
import {
  type CatalogEntry,
  DEFAULT_WORKSPACE,
  WorkflowListSchema,
  WorkflowSchema,
  type WorkflowVersion,
  type WorkflowView,
} from '@millrace/contracts';
import { type Catalog } from '@millrace/eventlog';
import { principalOf } from '../auth/require-access.ts';
import { NOT_FOUND, PROBLEMS } from './problem-responses.ts';

export interface WorkflowsRoutesDeps {
  readonly catalog: Catalog;
}

/** Without the members that say nothing. */
const withoutAbsent = <T extends object>(members: T) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]: Exclude<T[Name], undefined>;
  };

const limitsView = ({ policy, admission = {} }: WorkflowVersion) => {
  const { rate, debounce } = policy;
  return withoutAbsent({
    concurrency: policy.concurrency,
    key_concurrency: policy.keyConcurrency,
    concurrency_key: admission.concurrencyKey,
    on_limit: policy.onLimit,
    queue_limit: policy.queueLimit,
    priority: admission.priority,
    pool: policy.pool,
    rate: rate && { limit: rate.limit, period_ms: rate.periodMs },
    debounce:
      debounce &&
      withoutAbsent({ period_ms: debounce.periodMs, max_wait_ms: debounce.maxMs, key: admission.debounceKey }),
  });
};

const versionView = (current: WorkflowVersion) => {
  const { kind, version, policy, env, secrets, inputSchema } = current;
  const limits = limitsView(current);
  return {
    kind,
    version,
    file: current.deployedFrom,
    timeout_ms: policy.timeoutMs,
    deployed_at: current.deployedAt,
    ...(env === undefined ? {} : { env }),
    ...(secrets === undefined ? {} : { secrets }),
    ...(inputSchema === undefined ? {} : { input_schema: inputSchema }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
};

const toView = ({ path, current, problem }: CatalogEntry): WorkflowView => ({
  path,
  description: current?.description ?? '',
  methods: current?.methods ?? [],
  ...(current === undefined ? {} : versionView(current)),
  ...(problem === undefined ? {} : { problem }),
});

const notFound = (path: string): AppError =>
  new AppError('not_found', 'workflow.not_found', `there is no workflow ${path}`, { details: { workflow: path } });

/** `GET /workflows`, `GET /workflows/{path}`: what is in service, and what is wrong with what is not. */
export const workflowsRoutes: FastifyPluginAsyncTypebox<WorkflowsRoutesDeps> = async (app, { catalog }) => {
  app.get(
    '/workflows',
    {
      schema: {
        operationId: 'listWorkflows',
        summary: 'Workflows, with the problems of their last deploy',
        tags: ['workflows'],
        response: { 200: WorkflowListSchema, ...PROBLEMS },
      },
      config: { access: 'read' },
    },
    async (request) => {
      const { scopes } = principalOf(request);
      const visible = [...catalog.entries().values()].filter(({ path }) => allows(scopes, 'read', path));
      return { workflows: visible.sort((a, b) => (a.path < b.path ? -1 : 1)).map(toView) };
    },
  );

  app.get(
    '/workflows/*',
    {
      schema: {
        operationId: 'getWorkflow',
        summary: 'One workflow',
        tags: ['workflows'],
        response: { 200: WorkflowSchema, ...PROBLEMS, ...NOT_FOUND },
      },
      config: { access: 'read' },
    },
    async (request) => {
      const { '*': path = '' } = request.params as { readonly '*'?: string };
      const entry = catalog.get(DEFAULT_WORKSPACE, path);
      if (entry === undefined || !allows(principalOf(request).scopes, 'read', path)) throw notFound(path);
      return toView(entry);
    },
  );
};
