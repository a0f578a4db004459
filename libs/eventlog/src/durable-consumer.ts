/**
 * Takes messages one by one from a consumer that the server keeps: at least once, also over restarts of either side. What is neither
 * acknowledged nor put back comes again after `ackWaitMs`.
 */
import { backoffDelay, type Backoff } from '@millrace/kernel';
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { type Msg, nanos } from '@nats-io/transport-node';
import { type LogConnection } from './connection.ts';
import { parseDelivered } from './delivered.ts';
import { JETSTREAM_ERROR, translate } from './log-errors.ts';
import { handleOf, managerOf } from './nats-handle.ts';
import { type StoredText } from './stored-messages.ts';

export interface DurableOptions {
  readonly stream: string;
  /** Of the consumer; the same name goes on where it was. */
  readonly name: string;
  readonly filters: readonly string[];
  /** The first sequence wanted, when the consumer is made. */
  readonly fromSequence: number;
  readonly ackWaitMs: number;
  /** Messages that may be taken and not settled. */
  readonly unsettledMax: number;
}

/** A message that was taken: settle it. */
export interface TakenMessage extends StoredText {
  /** It never comes again (but see above: a killed server may forget this). */
  readonly acknowledge: () => void;
  /** It comes again, not before so many milliseconds. */
  readonly putBack: (delayMs: number) => void;
}

export interface DurableConsumer {
  /** Waits for the next message, through every reconnect; `undefined` once the signal is aborted. */
  take(signal: AbortSignal): Promise<TakenMessage | undefined>;
}

const PULL_EXPIRES_MS = 30_000;
const REOPEN: Backoff = { first: 100, max: 2_000 };
/** Time for the answer of a pull to arrive after it has expired. */
const PULL_GRACE_MS = 1_000;

const toTaken = (message: Msg): TakenMessage => {
  const { sequence, time } = parseDelivered(message);
  return {
    subject: message.subject,
    sequence,
    time,
    text: message.string(),
    header: (name) => {
      const value = message.headers?.get(name) ?? '';
      return value === '' ? undefined : value;
    },
    acknowledge: () => void message.respond('+ACK'),
    putBack: (delayMs) => void message.respond(`-NAK {"delay": ${nanos(Math.max(1, delayMs))}}`),
  };
};

const filtersOf = ({ filter_subject: one, filter_subjects: several = [] }: ConsumerConfig): readonly string[] =>
  one === undefined || one === '' ? several : [one];

/** It goes on behind the last message that was taken: what is older and was not wanted does not come. */
const changeFilters = async (
  manager: JetStreamManager,
  config: ConsumerConfig,
  options: DurableOptions,
): Promise<void> => {
  const { stream, name, filters } = options;
  const before = new Set(filtersOf(config));
  if (before.size === filters.length && filters.every((filter) => before.has(filter))) return;
  await manager.consumers.update(stream, name, { filter_subjects: [...filters] });
};

/** Makes the consumer unless it is there, and gives one that is there the filters that are wanted. Beyond the end of a stream that was replaced there is nothing to wait for: it then begins there. */
const ensureConsumer = async (manager: JetStreamManager, options: DurableOptions): Promise<void> => {
  const { stream, name, filters, ackWaitMs, unsettledMax } = options;
  try {
    const { config } = await manager.consumers.info(stream, name);
    await changeFilters(manager, config, options);
    return;
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== JETSTREAM_ERROR.consumerNotFound) throw error;
  }
  const { state } = await manager.streams.info(stream);
  await manager.consumers.add(stream, {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: Math.max(1, Math.min(options.fromSequence, state.last_seq + 1)),
    filter_subjects: [...filters],
    ack_wait: nanos(ackWaitMs),
    max_ack_pending: unsettledMax,
    max_deliver: -1,
  });
};

const isData = (message: Msg): boolean => message.reply?.startsWith('$JS.ACK.') === true;

const pause = async (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });

class PullingConsumer implements DurableConsumer {
  readonly #connection: LogConnection;
  readonly #options: DurableOptions;
  #isEnsured = false;
  #failures = 0;

  constructor(connection: LogConnection, options: DurableOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  async take(signal: AbortSignal): Promise<TakenMessage | undefined> {
    while (!signal.aborted) {
      try {
        if (!this.#connection.isConnected()) throw new Error('not connected');
        const taken = await this.#takeOnce(signal);
        if (taken !== undefined) return taken;
      } catch {
        // Whatever it was, the next try tells: the server may be starting, the stream may have been made anew.
        this.#isEnsured = false;
        this.#failures += 1;
        await pause(backoffDelay(REOPEN, this.#failures), signal);
      }
    }
    return undefined;
  }

  async #takeOnce(signal: AbortSignal): Promise<TakenMessage | undefined> {
    if (!this.#isEnsured) {
      await ensureConsumer(await managerOf(this.#connection), this.#options);
      this.#isEnsured = true;
    }
    const message = await this.#pull(signal);
    this.#failures = 0;
    if (message === undefined) return undefined;
    if (isData(message)) return toTaken(message);
    // 404 and 408: nothing for now. Anything else puts the consumer in doubt.
    const code = message.headers?.code ?? 0;
    if (code !== 404 && code !== 408) throw new Error(`the consumer ${this.#options.name} answered ${code}`);
    return undefined;
  }

  /** One question to the server; `undefined` when the signal aborts, or the connection changes meanwhile. */
  async #pull(signal: AbortSignal): Promise<Msg | undefined> {
    const { stream, name } = this.#options;
    const gone = Promise.withResolvers<undefined>();
    let hasGone = false;
    const give = (): void => {
      hasGone = true;
      gone.resolve(undefined);
    };
    const unwatch = this.#connection.onStatus(give);
    signal.addEventListener('abort', give, { once: true });
    try {
      const question = JSON.stringify({ batch: 1, expires: nanos(PULL_EXPIRES_MS) });
      // A subscription of its own: the shared one knows answers by their subject, and here that is the message's.
      const answer = handleOf(this.#connection).nats.request(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`, question, {
        timeout: PULL_EXPIRES_MS + PULL_GRACE_MS,
        noMux: true,
      });
      const onLate = (late: Msg): void => {
        // Nobody waits for this message any more: it goes back at once.
        if (hasGone && isData(late)) toTaken(late).putBack(1);
      };
      answer.then(onLate, () => undefined); // whoever still waits is told by the race
      return await Promise.race([answer, gone.promise]);
    } finally {
      unwatch();
      signal.removeEventListener('abort', give);
    }
  }
}

export const openDurableConsumer = (connection: LogConnection, options: DurableOptions): DurableConsumer =>
  new PullingConsumer(connection, options);

/** Forgets every consumer of a stream whose name begins so and is not wanted. */
export const removeDurableConsumers = async (
  connection: LogConnection,
  stream: string,
  { prefix, keep }: { readonly prefix: string; readonly keep: (name: string) => boolean },
): Promise<void> => {
  try {
    const manager = await managerOf(connection);
    const names: string[] = [];
    for await (const { name } of manager.consumers.list(stream)) if (name.startsWith(prefix)) names.push(name);
    for (const name of names) if (!keep(name)) await manager.consumers.delete(stream, name);
  } catch (cause) {
    throw translate(cause, `removing consumers of ${stream}`);
  }
};
