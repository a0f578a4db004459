import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Dialect } from '@millrace/dialects';
import { DialectErrorSchema, type Health, HealthSchema, ProblemSchema } from '@millrace/contracts';

export interface HealthDeps {
  readonly serve: Dialect;
  readonly health: () => Promise<Health>;
}

/** `GET /health`: open, as the document of the dialect `serve` says, unless its setting guards it. 503 only when no request can be recorded. */
export const healthRoute: FastifyPluginAsyncTypebox<HealthDeps> = async (app, { health, serve }) => {
  app.get(
    '/health',
    {
      schema: {
        operationId: 'health',
        summary: 'Whether requests can be recorded',
        tags: ['serve'],
        response: { 200: HealthSchema, 503: HealthSchema },
      },
      config: {
        access: serve.guardsHealth === true ? 'read' : 'public',
        renderError: serve.renderError,
        describe: {
          response: { 200: HealthSchema, 401: DialectErrorSchema, 403: ProblemSchema, 503: HealthSchema },
        },
      },
    },
    async (_request, reply) => {
      const report = await health();
      return reply.code(report.status === 'unavailable' ? 503 : 200).send(report);
    },
  );
};
