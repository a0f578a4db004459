import { checkJsonBounds } from '@millrace/dialects';
import { type BatchItem, readCloudEvents, type ReadCloudEvents } from '@millrace/domain';
import { AppError } from '@millrace/kernel';
import { type Entry } from './entry.ts';

/** Whether it is worth a look: nearly all requests are none, and are not made to pay for the question. */
const maybeCloudEvents = ({ inbound }: Entry): boolean =>
  inbound.header('ce-specversion') !== undefined ||
  inbound.header('content-type')?.toLowerCase().includes('application/cloudevents') === true;

/** Data has the bounds of any other body; in a batch each on its own. */
const checked = (item: BatchItem): BatchItem => {
  if ('error' in item) return item;
  try {
    checkJsonBounds(item.event.data);
    return item;
  } catch (error) {
    if (error instanceof AppError) return { index: item.index, error };
    throw error;
  }
};

/**
 * The CloudEvents of a request, where its route knows them; `undefined` when it is none.
 *
 * @throws AppError as `readCloudEvents` and, but for items of a batch, `checkJsonBounds`.
 */
export const cloudEventsOf = (entry: Entry): ReadCloudEvents | undefined => {
  if (entry.route.mapCloudEvent === undefined || !maybeCloudEvents(entry)) return undefined;
  const { inbound } = entry;
  const headers = inbound.headerPairs().map(([name, value]) => [name.toLowerCase(), value] as const);
  const read = readCloudEvents({ headers: Object.fromEntries(headers), body: inbound.body });
  if (read === undefined) return undefined;
  if (read.mode === 'batch') return { ...read, items: read.items.map(checked) };
  for (const { data } of read.events) checkJsonBounds(data);
  return read;
};
