import { type WebhookAttempt, type WebhookDelivery, type WebhookEndpoint } from '@millrace/contracts';
import { afterFailure, type EndpointHealth, HEALTHY, isHopeless, nextAttemptAt } from '@millrace/domain';
import { messageOf } from '@millrace/kernel';
import { type EndpointDeps } from './endpoint-deps.ts';
import { type AttemptResult } from './send-message.ts';
import { type Turns } from './turns.ts';

/** A delivery without its body: what is held in memory. */
export type Owed = Omit<WebhookDelivery, 'body'>;

/** The body is read again when it is sent. */
export const withoutBody = (delivery: WebhookDelivery): Owed => {
  const owed = { ...delivery };
  delete owed.body;
  return owed;
};

/** What a failed attempt leaves behind: the delivery with its next attempt, or as failed for good. */
export const afterFailedAttempt = (
  owed: Owed,
  result: AttemptResult,
  { clock, chance, schedule, writer }: Pick<EndpointDeps, 'clock' | 'chance' | 'schedule' | 'writer'>,
): Owed => {
  const failures = owed.failures + 1;
  const now = clock.now();
  const dueAt = nextAttemptAt({ failures, now, schedule, retryAfter: result.retryAfter, chance: chance() });
  const state = dueAt === undefined ? 'failed' : 'waiting';
  return { ...owed, state, failures, attempts: owed.attempts + 1, dueAt: dueAt ?? now, failedAt: now, writer };
};

const attemptOf = (before: Owed, after: Owed | undefined, result: AttemptResult): WebhookAttempt => {
  const { id, endpoint, event, subject, source } = before;
  const { status, error, response } = result;
  const isWaiting = after?.state === 'waiting';
  return {
    id,
    endpoint,
    event,
    subject,
    ...(source === undefined ? {} : { source }),
    attempt: before.attempts + 1,
    at: new Date(result.at).toISOString(),
    durationMs: result.durationMs,
    outcome: after === undefined ? 'delivered' : isWaiting ? 'retry' : 'failed',
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
    ...(response === undefined || response === '' ? {} : { response }),
    ...(isWaiting ? { nextAttemptAt: new Date(after.dueAt).toISOString() } : {}),
  };
};

/** What follows from attempts at one endpoint, besides what becomes of the delivery. */
export interface Outcomes {
  /** @param after what is still owed; `undefined`: delivered */
  readonly note: (before: Owed, after: Owed | undefined, result: AttemptResult) => void;
  /** Only writes it down: it says nothing about the endpoint. */
  readonly record: (before: Owed, after: Owed | undefined, result: AttemptResult) => void;
}

export const makeOutcomes = (endpoint: WebhookEndpoint, turns: Turns, deps: EndpointDeps): Outcomes => {
  const { deliveries, clock, log, metrics } = deps;
  const quietly = (doing: string, work: Promise<void>): void => {
    work.catch((error: unknown) => log.warn(`${doing} failed`, { webhook: endpoint.id, err: error }));
  };
  const became = (health: EndpointHealth): void => {
    const before = turns.health();
    turns.setHealth(health);
    if (before.failingSince === undefined && health.failingSince !== undefined) {
      log.warn(`webhook ${endpoint.id} does not take messages`, { webhook: endpoint.id });
      const { failingSince } = health;
      quietly('noting the trouble', deliveries.putTrouble({ endpoint: endpoint.id, failingSince }));
    }
    if (before.failingSince !== undefined && health.failingSince === undefined) {
      log.info(`webhook ${endpoint.id} takes messages again`, { webhook: endpoint.id });
      quietly('forgetting the trouble', deliveries.removeTrouble(endpoint.id));
    }
  };
  const disable = (reason: string): void => {
    log.warn(`webhook ${endpoint.id} is disabled: ${reason}`, { webhook: endpoint.id });
    const health = turns.health();
    turns.setHealth({ ...health, pauseUntil: Infinity }); // nothing more is sent while that is on its way
    deps.disable(endpoint, reason).catch((error: unknown) => {
      turns.setHealth(health);
      log.warn(`webhook ${endpoint.id} could not be disabled: ${messageOf(error)}`, { webhook: endpoint.id });
    });
  };
  const record: Outcomes['record'] = (before, after, result) => {
    const attempt = attemptOf(before, after, result);
    metrics.attempted(attempt.outcome, result.durationMs);
    quietly('recording an attempt', deliveries.recordAttempt(attempt));
  };
  return {
    record,
    note: (before, after, result) => {
      record(before, after, result);
      if (after === undefined) {
        became(HEALTHY);
        return;
      }
      became(afterFailure(turns.health(), clock.now(), result.retryAfter));
      if (result.outcome === 'gone') disable('the receiver answered 410 Gone');
      else if (isHopeless(turns.health(), clock.now())) disable('it has taken no message for 5 days');
    },
  };
};
