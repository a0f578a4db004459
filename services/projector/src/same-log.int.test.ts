import { cpSync, globSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatPosition, logStream, type RunEvent } from '@millrace/contracts';
import { findNatsServer, type RunningNats, startNats } from '@millrace/embedded';
import {
  ensureTopology,
  follow,
  followPublicEvents,
  logBounds,
  makeOutputWriter,
  outputBounds,
  request,
} from '@millrace/eventlog';
import { findRun, listOutput, listRunEvents, projectedAnchor, projectedPosition } from '@millrace/read-model';
import {
  aRunId,
  completed,
  dispatched,
  eventually,
  makeTempFolder,
  progressed,
  requested,
  started,
  type StartedService,
} from '@millrace/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeBed, type ProjectorBed, SHARD } from '../testing/projector-bed.ts';
import { rebuildReadModel } from './rebuild/rebuild-read-model.ts';

const STREAMS = ['LOG_0', 'LOGS'];

let dataDir: string;
let copyDir: string;
let nats: RunningNats;
let bed: ProjectorBed;

const start = async (port?: number): Promise<RunningNats> => {
  const { path: binary } = await findNatsServer();
  return startNats({ dataDir, durability: 'strict', binary, ...(port === undefined ? {} : { port }) });
};

beforeEach(async () => {
  dataDir = makeTempFolder('same-log');
  copyDir = makeTempFolder('same-log-copy');
  nats = await start();
  bed = await makeBed({ natsUrl: nats.url });
});
afterEach(async () => {
  await bed.close();
  await nats.stop();
});

/** Ends nats-server, does something to its files, and starts it again on the same port. */
const restart = async (change: () => void): Promise<void> => {
  nats.kill();
  await nats.exited;
  change();
  nats = await start(nats.port);
  await eventually(async () => logBounds(bed.connection, SHARD), { timeoutMs: 20_000 });
};

const folderOf = (stream: string): string => {
  const [found] = globSync(join(dataDir, 'store/**/streams', stream));
  if (found === undefined) throw new Error(`no files of ${stream}`);
  return found;
};

const keepCopy = (): void => {
  for (const stream of STREAMS) cpSync(folderOf(stream), join(copyDir, stream), { recursive: true });
};

/** Log and output are cut back to what they were; the public events stay. */
const goBack = (): void => {
  for (const stream of STREAMS) {
    const folder = folderOf(stream);
    rmSync(folder, { recursive: true });
    cpSync(join(copyDir, stream), join(dirname(folder), stream), { recursive: true });
  }
};

const appendOutput = async (runId: string, from: number, to: number): Promise<void> => {
  const writer = makeOutputWriter(bed.connection, { shard: SHARD });
  for (let index = from; index < to; index += 1) {
    const time = '2026-01-02T03:04:05.678Z';
    writer.append({ runId, attempt: 1, index, stream: 'stdout', time, text: String(index) });
    await writer.flush();
  }
  await writer.close();
};

/** One commit each. */
const append = async (...events: readonly RunEvent[]): Promise<void> => {
  for (const event of events) await bed.append([[event]]);
};

const allProjected = async (): Promise<void> => {
  await bed.caughtUp();
  const { last } = await outputBounds(bed.connection);
  await eventually(async () => expect(await projectedPosition(bed.readModel, SHARD, 'output')).toBe(last));
};

interface Ready {
  readonly dependencies: Readonly<
    Record<'runs' | 'output' | 'events', { readonly ok: boolean; readonly detail?: string }>
  >;
}
const readyOf = async ({ adminUrl }: StartedService): Promise<Ready['dependencies']> =>
  ((await (await fetch(`${adminUrl}/health/ready`)).json()) as Ready).dependencies;

const REFUSED = { ok: false, detail: expect.stringMatching(/another log.*millrace projector rebuild/) as string };

/** Ids of public events, as their stream has them. */
const publicIds = async (count: number): Promise<readonly string[]> => {
  const ids: string[] = [];
  const signal = AbortSignal.timeout(20_000);
  for await (const batch of followPublicEvents(bed.connection, { fromSequence: 1, signal })) {
    ids.push(...batch.map(({ event }) => event.id));
    if (ids.length >= count) break;
  }
  return ids;
};

/** A log with one run, of which a copy is kept; then more about it, and runs that only this part of the log has. */
const history = () => {
  const [kept, ended, open] = [aRunId(), aRunId(), aRunId()];
  const before = [requested({ runId: kept }), dispatched({ runId: kept })];
  const lost = [
    requested({ runId: ended }),
    dispatched({ runId: ended }),
    completed({ runId: ended, output: { lost: true } }),
    requested({ runId: open }),
    dispatched({ runId: open }),
    started({ runId: kept }),
  ];
  const after = [started({ runId: kept }), ...Array.from({ length: 8 }, () => progressed({ runId: kept }))];
  return { kept, ended, open, before, lost, after };
};

test.each(['between two sessions', 'while a session lasts'])(
  'a log and an output that were cut short %s and have grown since are noticed, and a rebuild keeps every run',
  async (when) => {
    const { kept, ended, open, before, lost, after } = history();
    let projector = await bed.startProjector();
    await append(...before);
    await appendOutput(kept, 0, 2);
    await allProjected();
    await restart(keepCopy);
    await append(...lost);
    await appendOutput(ended, 0, 3);
    await allProjected();
    expect(await publicIds(before.length + lost.length)).toHaveLength(before.length + lost.length);
    const stood = await projectedPosition(bed.readModel, SHARD);

    const isLasting = when === 'while a session lasts';
    if (isLasting) process.kill(projector.pid, 'SIGSTOP');
    else await projector.kill();
    await restart(goBack);
    await append(...after);
    await appendOutput(kept, 2, 7);
    expect((await logBounds(bed.connection, SHARD)).last).toBeGreaterThan(stood);
    if (isLasting) process.kill(projector.pid, 'SIGCONT');
    else projector = await bed.startProjector();

    await eventually(async () => expect(await readyOf(projector)).toMatchObject({ runs: REFUSED, output: REFUSED }), {
      timeoutMs: 20_000,
    });
    expect(await projectedPosition(bed.readModel, SHARD)).toBe(stood);

    // What the log holds instead follows what was published of the part that is gone.
    const ids = [...before, ...lost, ...after].map(({ id }) => id);
    expect(await publicIds(ids.length)).toEqual(ids);

    const rebuild = { natsUrl: nats.url, databaseUrl: bed.databaseUrl };
    await rebuildReadModel(rebuild);
    await allProjected();
    await eventually(async () =>
      expect(await readyOf(projector)).toMatchObject({ runs: { ok: true }, output: { ok: true } }),
    );
    const text = async (id: string) => (await listOutput(bed.readModel, id)).map((chunk) => chunk.text).join('');
    for (let time = 1; time <= 2; time += 1) {
      expect(await findRun(bed.readModel, kept)).toMatchObject({ state: 'running', requested: { sequence: 1 } });
      expect(await listRunEvents(bed.readModel, kept)).toHaveLength(before.length + after.length);
      expect(await findRun(bed.readModel, ended)).toMatchObject({
        ...{ state: 'completed', output: { lost: true }, requested: { sequence: 0 }, last: { sequence: 0, index: 3 } },
      });
      const failed = await findRun(bed.readModel, open);
      expect(failed).toMatchObject({ state: 'failed', error: { code: 'log_lost' } });
      expect(failed?.endedAt).toBeDefined();
      const events = await listRunEvents(bed.readModel, open);
      expect(events.map(({ type, position }) => [type.split('.')[3], formatPosition(position)])).toEqual([
        ['requested', '0.1'],
        ['dispatched', '0.2'],
        ['failed', '0.3'],
      ]);
      expect([await text(kept), await text(ended)]).toEqual(['0123456', '012']);
      if (time === 1) await rebuildReadModel(rebuild);
    }
  },
  90_000,
);

test('whoever follows the log is told that it was cut short and has grown, when its connection comes back', async () => {
  const { kept, before, after } = history();
  await append(...before);
  await restart(keepCopy);
  await append(started({ runId: kept }));
  const { signal } = new AbortController();
  const batches = follow(bed.connection, { shard: SHARD, fromSequence: 1, signal, maxBatch: 1 });
  for (let read = 0; read <= before.length; read += 1) await batches.next();
  const next = batches.next();
  next.catch(() => undefined);
  // Grown before the follower is back: it must not find a log that merely is shorter.
  nats.kill();
  await nats.exited;
  goBack();
  const elsewhere = await start();
  const other = await makeBed({ natsUrl: elsewhere.url, databaseUrl: bed.databaseUrl });
  await other.append([[after[0] ?? started()]]);
  await other.append([[after[1] ?? started()]]);
  await other.close();
  await elsewhere.stop();
  nats = await start(nats.port);
  await expect(next).rejects.toMatchObject({ code: 'log.rewound' });
});

test('a position of an older version gets its time with the next batch; until then the newest run speaks for the log', async () => {
  const forgetTimes = async () =>
    sql`update millrace.projection_position set stored_at = null`.execute(bed.readModel.db);
  let projector = await bed.startProjector();
  await append(requested(), requested());
  await bed.caughtUp();
  await projector.kill();
  await forgetTimes();
  projector = await bed.startProjector();
  await append(requested());
  await bed.caughtUp();
  expect((await projectedAnchor(bed.readModel, SHARD)).storedAt).toBeGreaterThan(0);
  await projector.kill();
  await forgetTimes();
  await request(bed.connection, `$JS.API.STREAM.DELETE.${logStream(SHARD)}`, '', 2_000);
  await ensureTopology(bed.connection);
  await append(...Array.from({ length: 5 }, () => requested()));
  projector = await bed.startProjector();
  await eventually(async () => expect(await readyOf(projector)).toMatchObject({ runs: REFUSED }));
});
