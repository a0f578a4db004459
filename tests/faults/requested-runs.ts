import { jetstream } from '@nats-io/jetstream';
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
      filter_subjects: ['log.0.commit', 'log.0.request.*'],
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
