import { type FastifyReply } from 'fastify';
import { type RunSealers } from '@millrace/secrets';

/**
 * Deletes what a run got and said as soon as its result was sent to the caller who waited for it. What is not sent, or cannot be deleted
 * now, is left to the scheduler.
 */
export const deleteOnceSent = (reply: FastifyReply, runId: string, { destroy }: Pick<RunSealers, 'destroy'>): void => {
  reply.raw.once('finish', () => {
    destroy(runId).catch(() => undefined);
  });
};
