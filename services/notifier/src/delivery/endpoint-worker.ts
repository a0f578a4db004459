import { setTimeout as delay } from 'node:timers/promises';
import { type WebhookDelivery, type WebhookEndpoint } from '@millrace/contracts';
import { HEALTHY } from '@millrace/domain';
import { type EndpointDeps } from './endpoint-deps.ts';
import { runIntake } from './intake.ts';
import { DRAIN_MS, WAITING_MAX } from './limits.ts';
import { makeOutcomes, type Owed, withoutBody } from './outcomes.ts';
import { OwedDeliveries } from './owed-deliveries.ts';
import { makeTurns } from './turns.ts';

/** What is known about an endpoint from before. */
export interface KnownBefore {
  readonly owed: Iterable<Owed>;
  /** Milliseconds since the epoch. */
  readonly failingSince: number | undefined;
}

/** Delivers to one endpoint. */
export interface EndpointWorker {
  /** Takes over a delivery that somebody else has stored. */
  readonly set: (delivery: WebhookDelivery) => void;
  /** Messages that wait to be tried again. */
  readonly waiting: () => number;
  /** Whether it is left in peace because it does not answer. */
  readonly isPaused: () => boolean;
  /** Attempts under way may end; then nothing of this worker is left. */
  readonly close: () => Promise<void>;
}

export const startEndpointWorker = (
  endpoint: WebhookEndpoint,
  { owed: before, failingSince }: KnownBefore,
  deps: EndpointDeps,
): EndpointWorker => {
  const ending = new AbortController();
  const cutOff = new AbortController();
  const health = failingSince === undefined ? HEALTHY : { ...HEALTHY, failingSince };
  const turns = makeTurns({ clock: deps.clock, health, isFull: () => owed.count() >= WAITING_MAX });
  const outcomes = makeOutcomes(endpoint, turns, deps);
  const context = { endpoint, turns, outcomes, deps, ending: ending.signal, cutOff: cutOff.signal };
  const owed = new OwedDeliveries(context);
  for (const delivery of before) owed.set(delivery);
  const running = Promise.all([owed.run(), runIntake(context, owed)]);

  const close = async (): Promise<void> => {
    ending.abort();
    const drained = new AbortController();
    const patience = delay(DRAIN_MS, undefined, { signal: drained.signal }).then(
      () => cutOff.abort(),
      () => undefined,
    );
    await running;
    drained.abort();
    await patience;
    cutOff.abort();
  };
  return {
    set: (delivery) => owed.set(withoutBody(delivery)),
    waiting: () => owed.count(),
    isPaused: () => turns.health().pauseUntil > deps.clock.now(),
    close,
  };
};
