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

const versionView = ({ kind, version, policy, env, secrets, inputSchema, ...deployed }: WorkflowVersion) => ({
  kind,
  version,
  file: deployed.deployedFrom,
  timeout_ms: policy.timeoutMs,
  deployed_at: deployed.deployedAt,
  ...(env === undefined ? {} : { env }),
  ...(secrets === undefined ? {} : { secrets }),
  ...(inputSchema === undefined ? {} : { input_schema: inputSchema }),
  ...(policy.concurrency === undefined ? {} : { concurrency: policy.concurrency }),
});

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
