import { formatPosition, isTerminal } from '@millrace/contracts';
import { findNatsServer, startNats } from '@millrace/embedded';
import {
  followPublicEvents,
  follow,
  logBounds,
  type LogConnection,
  makePublicEventPublisher,
  type PublicEvent,
} from '@millrace/eventlog';
import { eventually, makeTempFolder, requested } from '@millrace/testkit';
import { expect, test } from 'vitest';
import { ENDING, makeLog, makeRandom } from '../../testing/histories.ts';
import { type BedOptions, makeBed, type ProjectorBed, SHARD } from '../../testing/projector-bed.ts';
import { isUsable, readEntries } from '../run-projection/recorded-event.ts';
import { makeOpenRuns } from '@millrace/domain';

const withBed = async (use: (bed: ProjectorBed) => Promise<void>, options: BedOptions = {}): Promise<void> => {
  const bed = await makeBed(options);
  try {
    await use(bed);
  } finally {
    await bed.close();
  }
};

/** Positions of the events that count, by one fold of the whole log. */
const countingPositions = async (connection: LogConnection): Promise<readonly string[]> => {
  const { first, last } = await logBounds(connection, SHARD);
  const open = makeOpenRuns();
  const positions: string[] = [];
  const { signal } = new AbortController();
  for await (const commits of follow(connection, { shard: SHARD, fromSequence: first, signal })) {
    for (const entry of commits.flatMap(readEntries).filter(isUsable)) {
      if (open.take(entry.event, entry.position.sequence)) positions.push(formatPosition(entry.position));
    }
    if ((commits.at(-1)?.sequence ?? 0) >= last) break;
  }
  return positions;
};

/** The first `count` public events. */
const publicEvents = async (connection: LogConnection, count: number): Promise<readonly PublicEvent[]> => {
  const seen: PublicEvent[] = [];
  const signal = AbortSignal.timeout(60_000);
  for await (const batch of followPublicEvents(connection, { fromSequence: 1, signal })) {
    seen.push(...batch);
    if (seen.length >= count) break;
  }
  return seen;
};

/** The stream is the log's events that count: in order, without gap or repeat, one end for each run that ended. */
const expectProjectionOfLog = async ({ connection }: ProjectorBed): Promise<readonly PublicEvent[]> => {
  const expected = await countingPositions(connection);
  const published = await publicEvents(connection, expected.length);
  expect(published.map(({ position }) => formatPosition(position))).toEqual(expected);
  const ends = published.filter(({ event }) => isTerminal(event.type)).map(({ runId }) => runId);
  expect(new Set(ends).size).toBe(ends.length);
  return published;
};

test('every event that counts is published once and in order, wherever the publisher was killed', async () => {
  await withBed(async (bed) => {
    const { ids, commits } = makeLog(400, makeRandom(42), ENDING);
    let projector = await bed.startProjector();
    const slice = Math.ceil(commits.length / 12);
    for (let part = 0; part < 12; part += 1) {
      await bed.append(commits.slice(part * slice, (part + 1) * slice));
      if (part % 4 !== 1) continue;
      await projector.kill();
      projector = await bed.startProjector();
    }
    const published = await expectProjectionOfLog(bed);
    expect(published.filter(({ event }) => isTerminal(event.type))).toHaveLength(ids.length);
    expect(JSON.stringify(published.map(({ event }) => event.data))).not.toContain('hidden-value');
    await projector.stop();

    // Where the next publisher begins to fold: not at the start of the log.
    const end = await makePublicEventPublisher(bed.connection).lastPosition();
    const { last } = await logBounds(bed.connection, SHARD);
    expect(end.openSince).toBeGreaterThan(last / 2);
  });
});

test('two publishers at the same time publish each event once', async () => {
  await withBed(async (bed) => {
    const [first] = await Promise.all([bed.startProjector(), bed.startProjector()]);
    const { commits } = makeLog(150, makeRandom(5), ENDING);
    for (let begin = 0; begin < commits.length; begin += 40) await bed.append(commits.slice(begin, begin + 40));
    await expectProjectionOfLog(bed);
    await first.kill();
    await bed.append([[requested()]]);
    await expectProjectionOfLog(bed);
  });
});

test('public events do not wait for Postgres, and the health says what is away', async () => {
  const nowhere = 'postgres://nobody@127.0.0.1:1/none';
  await withBed(
    async (bed) => {
      const projector = await bed.startProjector();
      await bed.append(makeLog(40, makeRandom(9), ENDING).commits);
      await expectProjectionOfLog(bed);
      await eventually(async () => {
        const health = await fetch(`${projector.adminUrl}/health/ready`);
        expect(health.status).toBe(503);
        expect(await health.json()).toMatchObject({
          dependencies: { nats: { ok: true }, runs: { ok: false }, events: { ok: true } },
        });
      });
    },
    { databaseUrl: nowhere },
  );
});

test('after nats-server was killed the public events go on where their stream ends', async () => {
  const dataDir = makeTempFolder('public-events-nats');
  const { path: binary } = await findNatsServer();
  let server = await startNats({ dataDir, durability: 'strict', binary });
  const { port, url: natsUrl } = server;
  try {
    await withBed(
      async (bed) => {
        await bed.startProjector();
        const { commits } = makeLog(300, makeRandom(11), ENDING);
        const third = Math.ceil(commits.length / 3);
        for (let part = 0; part < 3; part += 1) {
          await bed.append(commits.slice(part * third, (part + 1) * third));
          server.kill();
          await server.exited;
          server = await startNats({ dataDir, durability: 'strict', binary, port });
          await eventually(async () => logBounds(bed.connection, SHARD));
        }
        await expectProjectionOfLog(bed);
        await bed.caughtUp();
      },
      { natsUrl },
    );
  } finally {
    await server.stop();
  }
});
