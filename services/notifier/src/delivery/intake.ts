/**
 * First attempts: takes what happened from a durable consumer of this endpoint and sends it at once. Taken is not acknowledged before it has
 * arrived, or is stored to be tried again; so an endpoint in trouble leaves its backlog where it happened, and delays no other.
 */
import { hash } from 'node:crypto';
import { type WebhookEndpoint, type WebhookSource } from '@millrace/contracts';
import { expandEvents, interestsOf } from '@millrace/domain';
import { openDurableConsumer, type TakenMessage, WEBHOOK_STREAMS } from '@millrace/eventlog';
import { type WebhookMessage } from '../messages/webhook-message.ts';
import { IN_FLIGHT_MAX, PUT_BACK_MS, TURN_MAX_MS } from './limits.ts';
import { type OwedContext, type OwedDeliveries } from './owed-deliveries.ts';
import { afterFailedAttempt, type Owed } from './outcomes.ts';

const ID_HEX_DIGITS = 32;
/** A message is out for at most its turn, that of the one before it about the same run, and both their attempts. */
const ATTEMPTS_WITHIN_ACK = 3;

/** The same for the same event at the same endpoint, whenever it is made. */
export const deliveryId = (endpoint: string, key: string): string =>
  `msg_${hash('sha256', `${endpoint}\n${key}`).slice(0, ID_HEX_DIGITS)}`;

/** Prefix of the consumers of an endpoint's present life: enabled again, it begins anew. */
export const consumerName = ({ id, start }: WebhookEndpoint, source: keyof typeof WEBHOOK_STREAMS): string =>
  `webhook_${id}_${start[source]}`;

export const CONSUMER_PREFIX = 'webhook_';

/** A message that was taken, and what is made of it. */
interface Arrival {
  readonly taken: TakenMessage;
  readonly message: WebhookMessage;
  readonly first: Owed;
}

/** Milliseconds: whoever comes next shall have it at once. */
const ENDED = 1;

/** All keys of the bucket behind a stream. */
const bucketFilter = (stream: string): string => `$KV.${stream.slice('KV_'.length)}.>`;

class Intake {
  readonly #context: OwedContext;
  readonly #owed: OwedDeliveries;
  readonly #wanted: ReadonlySet<string>;
  /** Last attempt about each subject: what happened to a run is told in its order, as long as all goes well. */
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #active = new Set<string>();

  constructor(context: OwedContext, owed: OwedDeliveries) {
    this.#context = context;
    this.#owed = owed;
    this.#wanted = expandEvents(context.endpoint.events);
  }

  async run(): Promise<void> {
    const { runs, workflows, tokens } = interestsOf(this.#context.endpoint.events);
    const sources: Promise<void>[] = [];
    if (runs.length > 0) sources.push(this.#runSource('events', runs));
    if (workflows) sources.push(this.#runSource('catalog', [bucketFilter(WEBHOOK_STREAMS.catalog)]));
    if (tokens) sources.push(this.#runSource('tokens', [bucketFilter(WEBHOOK_STREAMS.tokens)]));
    await Promise.all(sources);
    await Promise.all(this.#lanes.values());
  }

  async #runSource(source: keyof typeof WEBHOOK_STREAMS, filters: readonly string[]): Promise<void> {
    const { endpoint, turns, deps, ending } = this.#context;
    const stream = WEBHOOK_STREAMS[source];
    const consumer = openDurableConsumer(deps.connection, {
      stream,
      name: consumerName(endpoint, source),
      filters,
      fromSequence: endpoint.start[source],
      ackWaitMs: ATTEMPTS_WITHIN_ACK * deps.timeoutMs + TURN_MAX_MS,
      unsettledMax: 2 * IN_FLIGHT_MAX,
    });
    while (!ending.aborted) {
      await turns.whenOpen(ending);
      const taken = await consumer.take(ending);
      if (taken === undefined) continue;
      try {
        await this.#handle(stream, taken);
      } catch (error) {
        deps.log.debug('a message could not be made', { webhook: endpoint.id, err: error });
        taken.putBack(PUT_BACK_MS);
      }
    }
  }

  async #handle(stream: string, taken: TakenMessage): Promise<void> {
    const { endpoint, turns, deps, ending } = this.#context;
    const message = await deps.makeMessage(stream, taken, endpoint.format);
    if (message === undefined || !this.#wanted.has(message.event)) {
      taken.acknowledge();
      return;
    }
    const first = this.#firstOf(message, { stream, sequence: taken.sequence });
    if (this.#active.has(first.id)) return; // it comes again because its attempt takes long: whoever makes it settles it
    if (this.#owed.has(first.id)) taken.acknowledge();
    else if (await turns.take(TURN_MAX_MS, ending)) this.#begin({ taken, message, first });
    else taken.putBack(ending.aborted ? ENDED : PUT_BACK_MS);
  }

  #firstOf(message: WebhookMessage, source: WebhookSource): Owed {
    const { endpoint, deps } = this.#context;
    return {
      id: deliveryId(endpoint.id, message.key),
      endpoint: endpoint.id,
      event: message.event,
      subject: message.subject,
      source,
      state: 'waiting',
      contentType: message.contentType,
      failures: 0,
      attempts: 0,
      dueAt: deps.clock.now(),
      writer: deps.writer,
    };
  }

  #begin(arrival: Arrival): void {
    const lane = arrival.message.subject;
    this.#active.add(arrival.first.id);
    const attempt = this.#sendAfter(this.#lanes.get(lane), arrival);
    this.#lanes.set(lane, attempt);
    void attempt.then(() => {
      if (this.#lanes.get(lane) === attempt) this.#lanes.delete(lane);
    });
  }

  /** Never throws; gives back its turn. */
  async #sendAfter(before: Promise<void> | undefined, arrival: Arrival): Promise<void> {
    const { endpoint, turns, deps } = this.#context;
    await before;
    try {
      await this.#send(arrival);
    } catch (error) {
      deps.log.debug('a failed attempt could not be stored', { webhook: endpoint.id, err: error });
      arrival.taken.putBack(PUT_BACK_MS);
    } finally {
      this.#active.delete(arrival.first.id);
      turns.giveBack();
    }
  }

  async #send({ taken, message, first }: Arrival): Promise<void> {
    const { endpoint, deps, outcomes, cutOff } = this.#context;
    const result = await deps.send(endpoint, { ...message, id: first.id }, cutOff);
    if (result.outcome === 'aborted') {
      taken.putBack(ENDED);
      return;
    }
    if (result.outcome === 'delivered') outcomes.note(first, undefined, result);
    else {
      // Stored to be tried again before its source forgets it.
      const after = afterFailedAttempt(first, result, deps);
      await deps.deliveries.put({ ...after, body: message.body });
      this.#owed.set(after);
      outcomes.note(first, after, result);
    }
    taken.acknowledge();
  }
}

/** Takes and sends until it ends; resolves when the last attempt has ended. */
export const runIntake = async (context: OwedContext, owed: OwedDeliveries): Promise<void> =>
  new Intake(context, owed).run();
