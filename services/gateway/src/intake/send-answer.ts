import { type FastifyReply } from 'fastify';
import { type Answer } from '@millrace/dialects';

/** Headers that only the server itself may set; a workflow that chooses headers cannot. */
const RESERVED: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'alt-svc',
  'clear-site-data',
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'referrer-policy',
  'service-worker-allowed',
  'set-cookie',
  'set-cookie2',
  'strict-transport-security',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-content-type-options',
]);

const JSON_TYPE = /^application\/json(; ?charset=utf-8)?$/;

/**
 * Sends what a dialect made. What a workflow returned may be a page: browsers neither guess its type nor run it on this origin.
 */
export const sendAnswer = (reply: FastifyReply, { status, headers = {}, body }: Answer): FastifyReply => {
  reply.code(status);
  for (const [name, value] of Object.entries(headers)) if (!RESERVED.has(name)) reply.header(name, value);
  if (body !== undefined && !JSON_TYPE.test(headers['content-type'] ?? '')) {
    reply.header('content-security-policy', 'sandbox');
  }
  return reply.send(body === undefined || typeof body === 'string' ? body : Buffer.from(body));
};
