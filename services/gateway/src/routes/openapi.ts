import { type FastifyInstance } from 'fastify';
import { Type } from 'typebox';

/** `GET /openapi.json`: how to talk to this server; nothing about what is on it, hence open. */
export const openApiRoute = async (app: FastifyInstance): Promise<void> => {
  app.get(
    '/openapi.json',
    {
      schema: { operationId: 'openApi', summary: 'This description', tags: ['meta'] },
      config: { access: 'public', describe: { response: { 200: Type.Unknown() } } },
    },
    async () => app.swagger(),
  );
};
