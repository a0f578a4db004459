import { type ObjectStore, Objm } from '@nats-io/obj';
import { type LogConnection } from './connection.ts';
import { translate } from './log-errors.ts';
import { handleOf } from './nats-handle.ts';
import { FILES_STORE } from './topology.ts';

/** Files that came with requests; kept as long as the log keeps the requests. */
export interface Files {
  readonly put: (name: string, bytes: Uint8Array) => Promise<void>;
  /** `undefined` when there is none, or no longer. */
  readonly get: (name: string) => Promise<Uint8Array | undefined>;
  readonly remove: (name: string) => Promise<void>;
}

export const openFiles = (connection: LogConnection): Files => {
  let opening: Promise<ObjectStore> | undefined;
  const store = async (): Promise<ObjectStore> => {
    opening ??= new Objm(handleOf(connection).nats).open(FILES_STORE);
    try {
      return await opening;
    } catch (error) {
      opening = undefined; // the next one tries again
      throw error;
    }
  };
  const guarded = async <Result>(doing: string, work: (store: ObjectStore) => Promise<Result>): Promise<Result> => {
    try {
      return await work(await store());
    } catch (cause) {
      throw translate(cause, doing);
    }
  };
  return {
    put: (name, bytes) =>
      guarded('storing a file', async (files) => {
        await files.putBlob({ name }, bytes);
      }),
    get: (name) => guarded('reading a file', async (files) => (await files.getBlob(name)) ?? undefined),
    remove: (name) =>
      guarded('removing a file', async (files) => {
        await files.delete(name);
      }),
  };
};
