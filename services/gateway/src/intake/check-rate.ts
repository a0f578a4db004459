import { type FastifyReply } from 'fastify';
import { AppError, type Clock } from '@millrace/kernel';
import { callerNetwork, makeRateLimiter } from '@millrace/domain';
import { RATE_CALLERS_MAX } from '../limits.ts';
import { type Entry } from './entry.ts';

/**
 * Tells the caller where it stands, and counts one request.
 *
 * @param sender Name of the secret that a signature was made with.
 * @throws AppError `over_limit` `trigger.over_rate`.
 */
export type CheckRate = (entry: Entry, reply: FastifyReply, sender?: string) => void;

/** Who has a count of its own: a token, a key of the trigger, a sender by its secret; anybody else by address. */
const callerOf = ({ verified, principal, key, inbound }: Entry, sender: string | undefined): string => {
  if (verified === 'token') return `token ${principal.id}`;
  if (key !== undefined) return `key ${key}`;
  return sender === undefined ? `from ${callerNetwork(inbound.from)}` : `sender ${sender}`;
};

export const makeCheckRate = ({ clock }: { readonly clock: Clock }): CheckRate => {
  const limiter = makeRateLimiter(RATE_CALLERS_MAX);
  return (entry, reply, sender) => {
    const { trigger, workflow } = entry.bound;
    if (trigger.rateLimit === undefined) return;
    const key = `${workflow}#${trigger.id} ${callerOf(entry, sender)}`;
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
