import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Dialect } from '@millrace/dialects';
import { allows } from '@millrace/domain';
import { type CatalogEntry, DialectErrorSchema, TasksSchema, type WorkflowVersion } from '@millrace/contracts';
import { type Catalog } from '@millrace/eventlog';
import { principalOf } from '../auth/require-access.ts';

export interface TasksDeps {
  readonly renderError: Dialect['renderError'];
  readonly catalog: Catalog;
}

interface Deployed extends CatalogEntry {
  readonly current: WorkflowVersion;
}

const isDeployed = (entry: CatalogEntry): entry is Deployed => entry.current !== undefined;

const toTask = ({ path, current }: Deployed) => ({
  kind: current.kind === 'script' ? 'ShellScript' : 'YamlWorkflow',
  path: current.deployedFrom,
  ref: path,
  description: current.description,
});

/** `GET /tasks`: what the caller may start or see, by name. */
export const tasksRoute: FastifyPluginAsyncTypebox<TasksDeps> = async (app, { catalog, renderError }) => {
  app.get(
    '/tasks',
    {
      schema: {
        operationId: 'listTasks',
        summary: 'Workflows that can be started',
        tags: ['serve'],
        response: { 200: TasksSchema, 401: DialectErrorSchema },
      },
      config: { access: 'read', renderError },
    },
    async (request) => {
      const { scopes } = principalOf(request);
      const tasks = [...catalog.entries().values()]
        .filter(isDeployed)
        .filter(({ path }) => allows(scopes, 'read', path))
        .sort((a, b) => (a.path < b.path ? -1 : 1))
        .map(toTask);
      return { tasks };
    },
  );
};
