import { type StoredMsg } from '@nats-io/jetstream';
import { type LogConnection } from './connection.ts';
import { managerOf } from './nats-handle.ts';

export type MessageQuery = { readonly seq: number } | { readonly last_by_subj: string };

/** One message of a stream as it is stored; `undefined` when the stream does not (or no longer) hold it. */
export const loadMessage = async (
  connection: LogConnection,
  stream: string,
  query: MessageQuery,
): Promise<StoredMsg | undefined> => {
  const manager = await managerOf(connection);
  const found = await manager.direct.getMessage(stream, query);
  // any replica may answer a direct get, and one that lags does not know the message yet: the leader has the last word
  return found ?? (await manager.streams.getMessage(stream, query)) ?? undefined;
};
