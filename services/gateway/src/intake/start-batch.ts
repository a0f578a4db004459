import { AppError } from '@millrace/kernel';
import { type BatchItem } from '@millrace/domain';
import { type Answer, jsonAnswer } from '@millrace/dialects';
import { BATCH_EVENTS_MAX } from '../limits.ts';
import { type CheckRate } from './check-rate.ts';
import { type Inbox } from './inbox.ts';
import { type Delivery, type StartOne } from './start-one.ts';

const refusedItem = (error: AppError) => ({ status: 'refused', code: error.code, detail: error.message });

interface BatchContext {
  readonly batch: readonly BatchItem[];
  readonly inbox: Inbox;
  readonly checkRate: CheckRate;
}

/** Each event of a batch is admitted on its own, and counts as a request; 207 says that some were not. */
export const startBatch = async (
  startOne: StartOne,
  delivery: Delivery,
  { batch, inbox, checkRate }: BatchContext,
): Promise<Answer> => {
  if (batch.length > BATCH_EVENTS_MAX) {
    throw new AppError('too_large', 'cloudevents.batch_too_long', `a batch has at most ${BATCH_EVENTS_MAX} events`);
  }
  const note = ({ code, message: reason }: AppError): void => {
    const { verified } = delivery;
    inbox.record(delivery.request, { outcome: 'refused', code, reason, verified, keepsBody: false });
  };
  const itemOf = async (item: BatchItem): Promise<Readonly<Record<string, unknown>>> => {
    if ('error' in item) {
      note(item.error);
      return { index: item.index, ...refusedItem(item.error) };
    }
    const { id, source } = item.event.attributes;
    try {
      if (item !== batch[0]) checkRate(delivery.entry, delivery.reply, delivery.sender); // the request itself was counted before
      const outcome = await startOne({ ...delivery, part: JSON.stringify([source, id]) }, item.event);
      if (outcome.kind === 'filtered') return { id, source, status: 'filtered', reason: outcome.reason };
      return { id, source, status: 'accepted', run_id: outcome.run.runId };
    } catch (error) {
      if (!(error instanceof AppError) || error.kind === 'bug') throw error;
      note(error);
      return { id, source, ...refusedItem(error) };
    }
  };
  const items = await Promise.all(batch.map(itemOf));
  return jsonAnswer(items.every(({ status }) => status === 'accepted') ? 202 : 207, { items });
};
