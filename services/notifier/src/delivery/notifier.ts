/**
 * One worker for each endpoint that is enabled. What is owed is read from its stream first, and followed: what somebody wants to be sent
 * again, or as a test, is written there by whoever was asked.
 */
import { type WebhookDelivery, type WebhookEndpoint } from '@millrace/contracts';
import { followDeliveries, removeDurableConsumers, WEBHOOK_STREAMS, type WebhookEndpoints } from '@millrace/eventlog';
import { messageOf } from '@millrace/kernel';
import { type EndpointDeps } from './endpoint-deps.ts';
import { type EndpointWorker, startEndpointWorker } from './endpoint-worker.ts';
import { consumerName, CONSUMER_PREFIX } from './intake.ts';
import { withoutBody } from './outcomes.ts';

export interface Notifier {
  /** Messages that wait to be tried again, of all endpoints. */
  waiting(): number;
  /** Endpoints that are served. */
  enabled(): number;
  /** Endpoints that are left in peace because they do not answer. */
  paused(): number;
  close(): Promise<void>;
}

type Sources = readonly (keyof typeof WEBHOOK_STREAMS)[];
const SOURCES = Object.keys(WEBHOOK_STREAMS) as Sources;

interface Serving {
  readonly worker: EndpointWorker;
  readonly endpoint: WebhookEndpoint;
}

const isSame = (a: WebhookEndpoint | undefined, b: WebhookEndpoint): boolean => JSON.stringify(a) === JSON.stringify(b);

class RunningNotifier implements Notifier {
  readonly #endpoints: WebhookEndpoints;
  readonly #deps: EndpointDeps;
  readonly #ending = new AbortController();
  readonly #workers = new Map<string, Serving>();
  /** Since when endpoints without a worker have been in trouble; also those that are owed something. */
  readonly #known = new Map<string, number | undefined>();
  #following: Promise<void> = Promise.resolve();
  #stopListening: () => void = () => undefined;
  /** The changes of each endpoint one after the other, so that it never has two workers; no endpoint waits for another's attempts to end. */
  readonly #becoming = new Map<string, Promise<void>>();

  constructor(endpoints: WebhookEndpoints, deps: EndpointDeps) {
    this.#endpoints = endpoints;
    this.#deps = deps;
  }

  async start(): Promise<void> {
    await this.#load();
    // Those that are only known by what they are owed were removed while nobody looked.
    for (const id of new Set([...this.#endpoints.list().map(({ id }) => id), ...this.#known.keys()])) this.#look(id);
    this.#stopListening = this.#endpoints.onChange((id) => this.#look(id));
    await this.#settled();
    await this.#removeConsumers();
  }

  waiting(): number {
    return this.#count((worker) => worker.waiting());
  }

  enabled(): number {
    return this.#workers.size;
  }

  paused(): number {
    return this.#count((worker) => Number(worker.isPaused()));
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#stopListening();
    await this.#settled();
    await Promise.all([...this.#workers.keys()].map((id) => this.#stopWorker(id)));
    await this.#following;
  }

  #count(of: (worker: EndpointWorker) => number): number {
    return [...this.#workers.values()].reduce((sum, { worker }) => sum + of(worker), 0);
  }

  async #load(): Promise<void> {
    const loaded = Promise.withResolvers<undefined>();
    this.#following = followDeliveries(this.#deps.connection, this.#ending.signal, {
      onDelivery: (delivery) => this.#onDelivery(delivery),
      onTrouble: ({ endpoint, failingSince }) => this.#known.set(endpoint, failingSince),
      onLoaded: () => loaded.resolve(undefined),
    }).catch((error: unknown) => loaded.reject(error));
    await Promise.all([loaded.promise, this.#endpoints.ready]);
  }

  #onDelivery(delivery: WebhookDelivery): void {
    const worker = this.#workers.get(delivery.endpoint)?.worker;
    if (worker === undefined) this.#known.set(delivery.endpoint, this.#known.get(delivery.endpoint));
    else if (delivery.writer !== this.#deps.writer) worker.set(delivery);
  }

  async #settled(): Promise<void> {
    await Promise.all(this.#becoming.values());
  }

  #look(id: string): void {
    const change = (this.#becoming.get(id) ?? Promise.resolve())
      .then(() => this.#become(id))
      .catch((error: unknown) => {
        this.#deps.log.error(`webhook ${id} cannot be served: ${messageOf(error)}`, { err: error });
      });
    this.#becoming.set(id, change);
    void change.then(() => {
      if (this.#becoming.get(id) === change) this.#becoming.delete(id);
    });
  }

  async #become(id: string): Promise<void> {
    const endpoint = this.#endpoints.get(id);
    const running = this.#workers.get(id)?.endpoint;
    if (this.#ending.signal.aborted || (endpoint !== undefined && isSame(running, endpoint))) return;
    await this.#stopWorker(id);
    if (endpoint === undefined) {
      this.#known.delete(id);
      await this.#deps.deliveries.forget(id);
    } else if (endpoint.enabled) await this.#startWorker(endpoint);
    else this.#known.delete(id); // enabled again, it begins anew
    if (running !== undefined) await this.#removeConsumers();
  }

  async #stopWorker(id: string): Promise<void> {
    const running = this.#workers.get(id);
    this.#workers.delete(id);
    await running?.worker.close();
  }

  async #startWorker(endpoint: WebhookEndpoint): Promise<void> {
    const stored = await this.#deps.deliveries.list(endpoint.id);
    const before = { owed: stored.map(withoutBody), failingSince: this.#known.get(endpoint.id) };
    this.#known.delete(endpoint.id);
    this.#workers.set(endpoint.id, { endpoint, worker: startEndpointWorker(endpoint, before, this.#deps) });
  }

  async #removeConsumers(): Promise<void> {
    // Asked for each consumer when it is about to go, and of what is stored: a worker may be changing or beginning meanwhile.
    const isWanted = (name: string): boolean =>
      this.#endpoints.list().some((one) => one.enabled && SOURCES.some((source) => consumerName(one, source) === name));
    const options = { prefix: CONSUMER_PREFIX, keep: isWanted };
    for (const stream of Object.values(WEBHOOK_STREAMS)) {
      await removeDurableConsumers(this.#deps.connection, stream, options);
    }
  }
}

/** Resolves when it delivers. @throws AppError `unavailable` when the log is away. */
export const startNotifier = async (endpoints: WebhookEndpoints, deps: EndpointDeps): Promise<Notifier> => {
  const notifier = new RunningNotifier(endpoints, deps);
  await notifier.start();
  return notifier;
};
