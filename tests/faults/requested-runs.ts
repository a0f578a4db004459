import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

interface AnyEvent {
  readonly type?: string;
  readonly subject?: string;
}

/** Ids of all runs whose request is in the log, read as a plain NATS client. */
export const readRequestedRuns = async (natsUrl: string): Promise<ReadonlySet<string>> => {
  const { host, username, password } = new URL(natsUrl);
  const nats = await connect({ servers: host, user: username, pass: password });
  try {
    const consumer = await jetstream(nats).consumers.get('LOG_0', {
      filter_subjects: ['log.0.gateway', 'log.0.request.*'],
    });
    const found = new Set<string>();
    let pending = (await consumer.info()).num_pending;
    while (pending > 0) {
      for await (const message of await consumer.fetch({ max_messages: 500, expires: 5_000 })) {
        for (const { type, subject } of message.json<AnyEvent[]>()) {
          if (type === 'dev.millrace.run.requested.v1' && subject !== undefined) found.add(subject);
        }
        pending = message.info.pending;
        if (pending === 0) break;
      }
    }
    return found;
  } finally {
    await nats.close();
  }
};

export interface LogCount {
  /** Messages that a reader gets, from the first to the last. */
  readonly read: number;
  /** What the server says: of how many it knows that they are gone. */
  readonly messages: number;
  readonly lost: number;
  readonly lastSequence: number;
}

const SILENCE_MS = 5_000;

/** Reads the log from end to end, as any NATS client does; gives up when nothing comes any more. */
export const countLog = async (natsUrl: string): Promise<LogCount> => {
  const { host, username, password } = new URL(natsUrl);
  const nats = await connect({ servers: host, user: username, pass: password });
  try {
    const { state } = await (await jetstreamManager(nats)).streams.info('LOG_0');
    const consumer = await jetstream(nats).consumers.get('LOG_0', {});
    let read = 0;
    for (let got = 1; got > 0; read += got) {
      got = 0;
      for await (const { info } of await consumer.fetch({ max_messages: 500, expires: SILENCE_MS })) {
        got += 1;
        if (info.pending === 0) return { read: read + got, ...countsOf(state) };
      }
    }
    return { read, ...countsOf(state) };
  } finally {
    await nats.close();
  }
};

/** Of a stream; `lost` is only there when something is. */
interface CountedState {
  readonly messages: number;
  readonly last_seq: number;
  readonly lost?: { readonly msgs: readonly number[] | null };
}

const countsOf = ({ messages, last_seq: lastSequence, lost }: CountedState) => ({
  messages,
  lastSequence,
  lost: lost?.msgs?.length ?? 0,
});
