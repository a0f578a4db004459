import { logSubject, type RunEvent } from '@millrace/contracts';
import { connectLog, ensureTopology, follow, logBounds, type LogConnection, makeEventWriter } from '@millrace/eventlog';
import { openReadModel, projectedPosition, type ReadModel } from '@millrace/read-model';
import { claimDatabase, claimNats, eventually, startService, type StartedService } from '@millrace/testkit';
import { expect } from 'vitest';

export const SHARD = 0;
const MAIN = new URL('../src/main.ts', import.meta.url).pathname;

/** A log and read models of a test file's own, and projectors on them. */
export interface ProjectorBed {
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
  /** One commit each, in this order. */
  readonly append: (commits: readonly (readonly RunEvent[])[]) => Promise<void>;
  readonly startProjector: () => Promise<StartedService>;
  /** Waits until every row of the log's present end is there. */
  readonly caughtUp: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface BedOptions {
  /** A nats-server of the test's own, instead of the shared one. */
  readonly natsUrl?: string;
  /** Another database for the projectors. */
  readonly databaseUrl?: string;
}

export const makeBed = async ({ natsUrl = claimNats().url, ...options }: BedOptions = {}): Promise<ProjectorBed> => {
  const databaseUrl = options.databaseUrl ?? (await claimDatabase()).url;
  const connection = await connectLog({ url: natsUrl, name: 'test' });
  await ensureTopology(connection);
  const readModel = openReadModel({ url: databaseUrl, poolMax: 4, applicationName: 'test' });
  const services: StartedService[] = [];
  const caughtUp = async (): Promise<void> => {
    const { last } = await logBounds(connection, SHARD);
    await eventually(async () => expect(await projectedPosition(readModel, SHARD)).toBe(last), { timeoutMs: 20_000 });
  };
  return {
    natsUrl,
    databaseUrl,
    connection,
    readModel,
    caughtUp,
    append: async (commits) => {
      const writer = makeEventWriter(connection, {
        shard: SHARD,
        subject: logSubject.commit(SHARD),
        inFlightMax: 1,
        timeoutMs: 5_000,
        retry: 'never',
      });
      // What is appended while a commit is on its way is packed into the next: the cuts are the writer's.
      await Promise.all(commits.map(async (events) => writer.append(events)));
      await writer.close();
    },
    startProjector: async () => {
      const service = await startService(MAIN, {
        env: { NATS_URL: natsUrl, DATABASE_URL: databaseUrl },
      });
      services.push(service);
      return service;
    },
    close: async () => {
      await Promise.all(services.map(async (service) => service.kill()));
      await readModel.close();
      await connection.close();
    },
  };
};

/** Every event of the log, in its order. */
export const readLog = async (connection: LogConnection): Promise<readonly RunEvent[]> => {
  const { first, last } = await logBounds(connection, SHARD);
  const events: RunEvent[] = [];
  if (first > last) return events;
  const ending = new AbortController();
  for await (const commits of follow(connection, { shard: SHARD, fromSequence: first, signal: ending.signal })) {
    for (const commit of commits) for (const decoded of commit.events) if (decoded.known) events.push(decoded.event);
    if ((commits.at(-1)?.sequence ?? 0) >= last) break;
  }
  return events;
};
