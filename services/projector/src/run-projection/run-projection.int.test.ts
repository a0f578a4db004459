import { logStream, messagingSubject } from '@millrace/contracts';
import { logBounds, publish, request, subscribe } from '@millrace/eventlog';
import { findRun, hashReadModel, listRunEvents, listRuns, projectedPosition, withSnapshot } from '@millrace/read-model';
import { aRunId, eventually, requested } from '@millrace/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EXPECTED, HISTORIES, type History, makeLog, makeRandom, NASTY } from '../../testing/histories.ts';
import { makeBed, type ProjectorBed, SHARD } from '../../testing/projector-bed.ts';
import { rebuildReadModel } from '../rebuild/rebuild-read-model.ts';

let bed: ProjectorBed;
beforeEach(async () => {
  bed = await makeBed();
});
afterEach(async () => bed.close());

const rebuild = async (): Promise<void> => {
  await rebuildReadModel({ natsUrl: bed.natsUrl, databaseUrl: bed.databaseUrl });
};

const readRun = async (id: string) =>
  withSnapshot(bed.readModel, async (snapshot) => ({
    run: await findRun(snapshot, id),
    events: await listRunEvents(snapshot, id),
  }));

const appendEach = async (history: History | undefined, id: string): Promise<void> => {
  await bed.append((history?.(id) ?? []).map((event) => [event]));
};

describe('run projection', () => {
  test('folds every kind of run, and a rebuild gives the same rows', async () => {
    await bed.startProjector();
    const ids = new Map(Object.keys(HISTORIES).map((name) => [name, aRunId()]));
    for (const [name, id] of ids) await appendEach(HISTORIES[name], id);
    await bed.caughtUp();
    for (const [name, id] of ids) {
      const { run, events } = await readRun(id);
      expect([name, events.length, run?.state]).toEqual([name, ...(EXPECTED[name] ?? [])]);
      expect(run?.last).toEqual(events.at(-1)?.position);
    }
    const idOf = (name: string): string => ids.get(name) ?? '';
    const nasty = await findRun(bed.readModel, idOf('completed'));
    expect(nasty).toMatchObject({
      input: { text: NASTY },
      output: { text: NASTY },
      progress: 40,
      progressMessage: NASTY,
      envNames: ['TARGET', 'SECRET'],
    });
    const late = await findRun(bed.readModel, idOf('lost, and its late result'));
    expect(late).toMatchObject({ state: 'completed', attempt: 2, output: 'second' });

    const before = await hashReadModel(bed.readModel);
    await rebuild();
    expect(await hashReadModel(bed.readModel)).toBe(before);
    const run = requested();
    await bed.append([[run]]);
    await bed.caughtUp();
    expect(await findRun(bed.readModel, run.subject)).toMatchObject({ state: 'waiting' });
  });

  test('survives SIGKILL in mid-load: rows and events equal those of a rebuild', async () => {
    const random = makeRandom(20_261_121);
    let projector = await bed.startProjector();
    const { ids, commits } = makeLog(600, random);
    const slice = Math.ceil(commits.length / 9);
    for (let part = 0; part < 9; part += 1) {
      const appending = bed.append(commits.slice(part * slice, (part + 1) * slice));
      if (part % 3 === 1) {
        // Somewhere between the first commit of this part and long after its last.
        const seen = await projectedPosition(bed.readModel, SHARD);
        await eventually(async () => expect(await projectedPosition(bed.readModel, SHARD)).toBeGreaterThan(seen));
        await projector.kill();
        projector = await bed.startProjector();
      }
      await appending;
    }
    await bed.caughtUp();
    const { runs } = await listRuns(bed.readModel, { limit: 1_000 });
    expect(new Set(runs.map(({ id }) => id))).toEqual(new Set(ids));
    const before = await hashReadModel(bed.readModel);
    await rebuild();
    expect(await hashReadModel(bed.readModel)).toBe(before);
  });

  test('two projectors at the same time write each event once', async () => {
    const [first] = await Promise.all([bed.startProjector(), bed.startProjector()]);
    const { commits } = makeLog(200, makeRandom(7));
    for (let begin = 0; begin < commits.length; begin += 50) await bed.append(commits.slice(begin, begin + 50));
    await bed.caughtUp();
    const before = await hashReadModel(bed.readModel);
    await rebuild();
    expect(await hashReadModel(bed.readModel)).toBe(before);
    await first.kill();
    const run = requested();
    await bed.append([[run]]);
    await bed.caughtUp();
    expect(await findRun(bed.readModel, run.subject)).toBeDefined();
  });

  test('a commit that vanished from the middle of the log is said to be missing', async () => {
    const { last } = await logBounds(bed.connection, SHARD);
    for (let i = 0; i < 3; i += 1) await bed.append([[requested()]]);
    const question = JSON.stringify({ seq: last + 2, no_erase: true });
    await request(bed.connection, `$JS.API.STREAM.MSG.DELETE.${logStream(SHARD)}`, question, 5_000);
    await bed.append([[requested()]]);
    const next = await bed.startProjector();
    await bed.caughtUp();
    await eventually(() => expect(next.log().join('\n')).toContain(`"from":${last + 2},"to":${last + 2}`));
    const metrics = await (await fetch(`${next.adminUrl}/metrics`)).text();
    expect(metrics).toMatch(/^millrace_projector_missing_total\{.*\} 1$/m);
  });

  test('rows that were deleted or changed are back after a rebuild', async () => {
    await bed.startProjector();
    await bed.append(makeLog(120, makeRandom(3)).commits);
    await bed.caughtUp();
    const before = await hashReadModel(bed.readModel);
    const { db } = bed.readModel;
    await sql`delete from millrace.run where id in (select id from millrace.run order by random() limit 40)`.execute(
      db,
    );
    await sql`delete from millrace.run_event where random() < 0.3`.execute(db);
    await sql`update millrace.run set output = '"forged"' where random() < 0.5`.execute(db);
    expect(await hashReadModel(bed.readModel)).not.toBe(before);
    await rebuild();
    expect(await hashReadModel(bed.readModel)).toBe(before);
  });

  test('entries that cannot be used are counted and passed over', async () => {
    const projector = await bed.startProjector();
    for (const text of [
      '',
      'garbage',
      '[{"type":"dev.millrace.run.paused.v7"}]',
      '['.repeat(100_000),
      '\0',
      '[null,1]',
    ]) {
      publish(bed.connection, `log.${SHARD}.commit`, text);
    }
    const run = requested();
    await bed.append([[{ ...run, subject: 'not-a-run' }], [run]]);
    await bed.caughtUp();
    expect(await findRun(bed.readModel, run.subject)).toMatchObject({ state: 'waiting' });
    await eventually(async () => {
      const metrics = await (await fetch(`${projector.adminUrl}/metrics`)).text();
      expect(metrics).toMatch(/millrace_projector_unusable_total\{[^}]*\} 8\n/);
      expect(metrics).toMatch(/millrace_projector_lag\{[^}]*\} 0\n/);
    });
    const health = await fetch(`${projector.adminUrl}/health/ready`);
    expect(health.status).toBe(200);
  });

  test('says its position after each transaction', async () => {
    const positions: number[] = [];
    const listening = subscribe(bed.connection, messagingSubject.projected(SHARD), (text) =>
      positions.push(Number(text)),
    );
    await bed.startProjector();
    await bed.append([[requested()]]);
    const { last } = await logBounds(bed.connection, SHARD);
    await eventually(() => expect(positions.at(-1)).toBe(last));
    listening.close();
  });
});
