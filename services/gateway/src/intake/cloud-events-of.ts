import { readCloudEvents, type ReadCloudEvents } from '@millrace/domain';
import { type Entry } from './entry.ts';

/** Whether it is worth a look: nearly all requests are none, and are not made to pay for the question. */
const maybeCloudEvents = ({ inbound }: Entry): boolean =>
  inbound.header('ce-specversion') !== undefined ||
  inbound.header('content-type')?.toLowerCase().includes('application/cloudevents') === true;

/** The CloudEvents of a request, where its route knows them; `undefined` when it is none. */
export const cloudEventsOf = (entry: Entry): ReadCloudEvents | undefined => {
  if (entry.route.mapCloudEvent === undefined || !maybeCloudEvents(entry)) return undefined;
  const { inbound } = entry;
  const headers = inbound.headerPairs().map(([name, value]) => [name.toLowerCase(), value] as const);
  return readCloudEvents({ headers: Object.fromEntries(headers), body: inbound.body });
};
