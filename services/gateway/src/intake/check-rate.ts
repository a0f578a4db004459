import { type FastifyReply } from 'fastify';
import { AppError, type Clock } from '@millrace/kernel';
import { makeRateLimiter } from '@millrace/domain';
import { type Entry } from './entry.ts';

/**
 * Tells the caller where it stands, and counts one request.
 *
 * @throws AppError `over_limit` `trigger.over_rate`.
 */
export type CheckRate = (entry: Entry, reply: FastifyReply) => void;

export const makeCheckRate = ({ clock }: { readonly clock: Clock }): CheckRate => {
  const limiter = makeRateLimiter();
  return ({ bound, principal }, reply) => {
    const { trigger, workflow } = bound;
    if (trigger.rateLimit === undefined) return;
    const key = `${workflow}#${trigger.id} ${principal.id}`;
    const verdict = limiter.take(key, trigger.rateLimit, clock.monotonic());
    reply
      .header('ratelimit-limit', verdict.limit)
      .header('ratelimit-remaining', verdict.remaining)
      .header('ratelimit-reset', verdict.resetSeconds);
    if (verdict.allowed) return;
    throw new AppError('over_limit', 'trigger.over_rate', 'this trigger is called more often than its rate allows', {
      retryAfterSeconds: verdict.retryAfterSeconds,
    });
  };
};
