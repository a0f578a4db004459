import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { type SubscriberSaw } from '../checker/observations.ts';

const PAGE = 500;

interface RequestedData {
  readonly input?: { readonly key?: unknown };
}

/** Only requests have an input; its key is the client's. */
const keyOf = (name: string, text: string): string | undefined => {
  if (name !== 'requested') return undefined;
  const { input } = JSON.parse(text) as RequestedData;
  return typeof input?.key === 'string' ? input.key : undefined;
};

/** Everything in the public stream, in its order, as any NATS client reads it. */
export const readPublicEvents = async (natsUrl: string): Promise<readonly SubscriberSaw[]> => {
  const { host, username, password } = new URL(natsUrl);
  const nats = await connect({ servers: host, user: username, pass: password });
  try {
    const consumer = await jetstream(nats).consumers.get('EVENTS', { filter_subjects: ['run.>'] });
    const events: SubscriberSaw[] = [];
    let pending = (await consumer.info()).num_pending;
    while (pending > 0) {
      for await (const message of await consumer.fetch({ max_messages: PAGE, expires: 5_000 })) {
        const header = (of: string): string => message.headers?.get(of) ?? '';
        const name = message.subject.split('.')[1] ?? '';
        const key = keyOf(name, message.string());
        events.push({
          name,
          runId: header('ce-subject'),
          attempt: Number(header('ce-attempt')),
          position: header('Millrace-Position'),
          workflow: header('ce-workflow'),
          ...(header('Millrace-Shard') === '' ? {} : { shard: header('Millrace-Shard') }),
          ...(key === undefined ? {} : { key }),
        });
        pending = message.info.pending;
        if (pending === 0) break;
      }
    }
    return events;
  } finally {
    await nats.close();
  }
};
