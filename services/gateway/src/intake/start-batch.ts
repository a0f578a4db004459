import { AppError } from '@millrace/kernel';
import { type BatchItem, makeBatchBudget, type ReadCloudEvent } from '@millrace/domain';
import { type Answer, jsonAnswer } from '@millrace/dialects';
import { BATCH_EVENTS_MAX } from '../limits.ts';
import { type CheckRate } from './check-rate.ts';
import { type Inbox } from './inbox.ts';
import { type Delivery, type StartOne } from './start-one.ts';

/** What became of one event, as the sender is told. */
interface ItemAnswer {
  readonly status: 'accepted' | 'duplicate' | 'filtered' | 'refused';
  readonly id?: string;
  readonly source?: string;
  readonly run_id?: string;
  /** Of an event that is none: where it stands. */
  readonly index?: number;
  readonly reason?: string;
  readonly code?: string;
  readonly detail?: string;
}

interface BatchContext {
  readonly batch: readonly BatchItem[];
  readonly inbox: Inbox;
  readonly checkRate: CheckRate;
}

const refusedItem = ({ code, message: detail }: AppError) => ({ status: 'refused', code, detail }) as const;

/** What tells events apart, wherever they come from. */
const identityOf = ({ attributes: { source, id } }: ReadCloudEvent): string => JSON.stringify([source, id]);

const isTaken = ({ status }: ItemAnswer): boolean => status === 'accepted' || status === 'duplicate';

/** How one event of the batch is started, and what is noted of those that are not. */
const makeStartItem = (startOne: StartOne, delivery: Delivery, { batch, inbox, checkRate }: BatchContext) => {
  const { verified, request } = delivery;
  const budget = makeBatchBudget();
  const noted = { verified, keepsBody: false };
  const refuse = (error: AppError) => {
    inbox.record(request, { ...noted, outcome: 'refused', code: error.code, reason: error.message });
    return refusedItem(error);
  };
  const start = async (event: ReadCloudEvent, isFirst: boolean): Promise<ItemAnswer> => {
    const { id, source } = event.attributes;
    try {
      if (!isFirst) checkRate(delivery.entry, delivery.reply, delivery.sender); // the request itself was counted before
      const outcome = await startOne({ ...delivery, part: identityOf(event), budget }, event);
      if (outcome.kind === 'filtered') return { id, source, status: 'filtered', reason: outcome.reason };
      return { id, source, status: 'accepted', run_id: outcome.run.runId };
    } catch (error) {
      if (!(error instanceof AppError) || error.kind === 'bug') throw error;
      return { id, source, ...refuse(error) };
    }
  };
  const repeat = (first: ItemAnswer): ItemAnswer => {
    if (first.status !== 'accepted') return first;
    const { run_id: run = '' } = first;
    const reason = 'the same event stands earlier in this batch';
    inbox.record(request, { ...noted, outcome: 'duplicate', code: 'duplicate', reason, run });
    return { ...first, status: 'duplicate' };
  };
  const seen = new Map<string, Promise<ItemAnswer>>();
  return async (item: BatchItem): Promise<ItemAnswer> => {
    if ('error' in item) return { index: item.index, ...refuse(item.error) };
    const identity = identityOf(item.event);
    const first = seen.get(identity);
    if (first !== undefined) return repeat(await first);
    const started = start(item.event, item === batch[0]);
    seen.set(identity, started);
    return started;
  };
};

/**
 * Each event of a batch is admitted on its own, and counts as a request; 207 says that some were not. One that stands there twice, by
 * its source and id, is started once.
 */
export const startBatch = async (startOne: StartOne, delivery: Delivery, context: BatchContext): Promise<Answer> => {
  const { batch } = context;
  if (batch.length > BATCH_EVENTS_MAX) {
    throw new AppError('too_large', 'cloudevents.batch_too_long', `a batch has at most ${BATCH_EVENTS_MAX} events`);
  }
  const items = await Promise.all(batch.map(makeStartItem(startOne, delivery, context)));
  return jsonAnswer(items.every(isTaken) ? 202 : 207, { items });
};
