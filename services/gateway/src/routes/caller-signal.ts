import { type FastifyReply } from 'fastify';

/** Aborts when the caller has gone, or with the other signal. */
export const callerSignal = (reply: FastifyReply, other: AbortSignal): AbortSignal => {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return AbortSignal.any([gone.signal, other]);
};
