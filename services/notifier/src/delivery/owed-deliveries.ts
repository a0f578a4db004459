/**
 * Deliveries of one endpoint that are to be tried again, each when it is due. What is stored decides: this is a copy without the bodies.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type WebhookDelivery, type WebhookEndpoint } from '@millrace/contracts';
import { backoffDelay } from '@millrace/kernel';
import { makeMessageAgain } from '../messages/make-message.ts';
import { type EndpointDeps } from './endpoint-deps.ts';
import { TIMER_MAX_MS } from './limits.ts';
import { afterFailedAttempt, type Outcomes, type Owed, withoutBody } from './outcomes.ts';
import { type AttemptResult } from './send-message.ts';
import { type Turns } from './turns.ts';

export interface OwedContext {
  readonly endpoint: WebhookEndpoint;
  readonly turns: Turns;
  readonly outcomes: Outcomes;
  readonly deps: EndpointDeps;
  /** Nothing more begins. */
  readonly ending: AbortSignal;
  /** What has begun is cut off. */
  readonly cutOff: AbortSignal;
}

const KEEP_TRYING = { first: 200, max: 5_000 };

/** Somebody waits for it. */
const isByHand = ({ failures }: Owed): boolean => failures === 0;

export class OwedDeliveries {
  readonly #context: OwedContext;
  readonly #owed = new Map<string, Owed>();
  readonly #active = new Map<string, Promise<void>>();

  constructor(context: OwedContext) {
    this.#context = context;
  }

  /** Takes over what is stored, whether it waits or not. */
  set(delivery: Owed): void {
    if (delivery.state === 'waiting') this.#owed.set(delivery.id, delivery);
    else this.#owed.delete(delivery.id);
    this.#context.turns.look();
  }

  has(id: string): boolean {
    return this.#owed.has(id) || this.#active.has(id);
  }

  count(): number {
    return this.#owed.size;
  }

  /** Tries what is due until it ends; resolves when the last attempt has ended. */
  async run(): Promise<void> {
    const { turns, ending } = this.#context;
    while (!ending.aborted) {
      this.#beginDue();
      await turns.wait(this.#nextDueIn(), ending);
    }
    await Promise.all(this.#active.values());
  }

  #idle(): readonly Owed[] {
    return [...this.#owed.values()].filter(({ id }) => !this.#active.has(id));
  }

  #beginDue(): void {
    const { turns, deps } = this.#context;
    const now = deps.clock.now();
    const due = this.#idle()
      .filter(({ dueAt }) => dueAt <= now)
      .sort((a, b) => Number(isByHand(b)) - Number(isByHand(a)) || a.dueAt - b.dueAt);
    for (const one of due) {
      if (!turns.tryTake(isByHand(one))) return;
      this.#active.set(one.id, this.#tryAgain(one.id));
    }
  }

  /** What is due and may not begin waits for the end of the pause, or for a turn that is given back: `wait` knows both. */
  #nextDueIn(): number {
    const now = this.#context.deps.clock.now();
    const waits = this.#idle().map(({ dueAt }) => dueAt - now);
    return Math.min(TIMER_MAX_MS, ...waits.filter((wait) => wait > 0));
  }

  /** Never throws; gives back its turn. */
  async #tryAgain(id: string): Promise<void> {
    const { turns, deps, endpoint, ending } = this.#context;
    try {
      const delivery = await this.#load(id);
      if (delivery?.state === 'waiting') await this.#send(delivery);
      else this.#owed.delete(id); // removed with its endpoint, or failed for good
    } catch (error) {
      deps.log.debug('a delivery could not be read', { webhook: endpoint.id, err: error });
      await delay(KEEP_TRYING.max, undefined, { signal: ending }).catch(() => undefined);
    } finally {
      this.#active.delete(id);
      turns.giveBack();
    }
  }

  /** As it is sent: with its body, made now unless it was sent before; without one when what it was made from is gone. */
  async #load(id: string): Promise<WebhookDelivery | undefined> {
    const { endpoint, deps } = this.#context;
    const stored = await deps.deliveries.find(endpoint.id, id);
    if (stored?.state !== 'waiting' || stored.body !== undefined || stored.source === undefined) return stored;
    const made = await makeMessageAgain(deps.connection, deps.makeMessage, stored.source, endpoint.format);
    return made === undefined ? stored : { ...stored, body: made.body, contentType: made.contentType };
  }

  async #send(delivery: WebhookDelivery): Promise<void> {
    const { endpoint, deps, outcomes, cutOff } = this.#context;
    const { body } = delivery;
    if (body !== undefined) {
      await this.#settle(delivery, await deps.send(endpoint, { ...delivery, body }, cutOff));
      return;
    }
    const at = deps.clock.now();
    const failed = { ...delivery, state: 'failed', failedAt: at, writer: deps.writer } as const;
    this.#owed.delete(delivery.id);
    const error = 'what it was made from is gone';
    outcomes.record(delivery, failed, { outcome: 'failed', error, at, durationMs: 0 });
    await deps.deliveries.put(failed);
  }

  async #settle(delivery: WebhookDelivery, result: AttemptResult): Promise<void> {
    const { endpoint, deps, outcomes } = this.#context;
    if (result.outcome === 'aborted') return;
    if (result.outcome === 'delivered') {
      this.#owed.delete(delivery.id);
      outcomes.note(delivery, undefined, result);
      await this.#keepTrying(() => deps.deliveries.remove(endpoint.id, delivery.id));
      return;
    }
    const after = { ...delivery, ...afterFailedAttempt(delivery, result, deps) };
    this.set(withoutBody(after));
    outcomes.note(delivery, after, result);
    // Without this the next notifier counts one failure less: nothing is lost.
    await deps.deliveries
      .put(after)
      .catch((error: unknown) => deps.log.warn('noting a failure failed', { err: error }));
  }

  /** A message that has arrived must not come again after a restart because nats-server was away just then. */
  async #keepTrying(work: () => Promise<void>): Promise<void> {
    const { cutOff } = this.#context;
    for (let failures = 1; !cutOff.aborted; failures += 1) {
      try {
        await work();
        return;
      } catch {
        await delay(backoffDelay(KEEP_TRYING, failures), undefined, { signal: cutOff }).catch(() => undefined);
      }
    }
  }
}
