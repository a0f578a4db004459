import { type FastifyReply } from 'fastify';
import { type Answer } from '@millrace/dialects';

/** Headers that only the server itself may set; a workflow that chooses headers cannot. */
const RESERVED: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Sends what a dialect made. What a workflow returned may be a page: browsers neither guess its type nor run it on this origin.
 */
export const sendAnswer = (reply: FastifyReply, { status, headers = {}, body }: Answer): FastifyReply => {
  reply.code(status);
  for (const [name, value] of Object.entries(headers)) if (!RESERVED.has(name)) reply.header(name, value);
  const type = headers['content-type'];
  if (body !== undefined && type !== undefined && !type.startsWith('application/json')) {
    reply.header('x-content-type-options', 'nosniff').header('content-security-policy', 'sandbox');
  }
  return reply.send(body === undefined || typeof body === 'string' ? body : Buffer.from(body));
};
