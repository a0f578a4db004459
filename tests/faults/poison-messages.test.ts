/** F23, F36: what no service of ours would write stands in the log: garbage, nothing, the future. */
import { connect } from '@nats-io/transport-node';
import { jetstream } from '@nats-io/jetstream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';
import { hashesAroundRebuild } from './bed/read-model.ts';
import { recordRow } from './bed/record.ts';

const LIMIT = 8;

let bed: FaultBed;
beforeAll(async () => {
  bed = await startFaultBed({ experiment: { limit: LIMIT }, env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) } });
});
afterAll(() => bed.stop());

/** A whole envelope around what a test wants to be wrong. */
const event = (change: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  specversion: '1.0',
  id: `poison-${Math.floor(1e9 * bed.random())}`,
  source: '/millrace/nobody',
  type: 'dev.millrace.run.started.v1',
  subject: '01a1fe17-a31b-7722-9ec0-b3e85c34f412',
  time: '2026-11-21T12:00:00.000Z',
  datacontenttype: 'application/json',
  workspace: 'default',
  workflow: 'witness/script',
  traceparent: '00-d87e8fb8f01f270993614681405604c0-d87e8fb8f01f2709-01',
  attempt: 1,
  data: { executor: 'ex_nobody' },
  ...change,
});

const DEEP = 100_000;

const poison = (runId: string): readonly (readonly [name: string, payload: string | Uint8Array])[] => [
  ['nothing at all', ''],
  ['garbage', new Uint8Array([0xff, 0xfe, 0x00, 0x80, 0x7b])],
  ['no JSON', '{"type": '],
  ['no array', '{"type":"dev.millrace.run.started.v1"}'],
  ['an array of nothing', '[null,1,"x",[],{}]'],
  ['too deep', `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`],
  ['an unknown type', JSON.stringify([event({ type: 'dev.millrace.run.teleported.v1', subject: runId })])],
  ['a version of the future', JSON.stringify([event({ type: 'dev.millrace.run.completed.v9', subject: runId })])],
  ['another specversion', JSON.stringify([event({ specversion: '9.0' })])],
  ['data of another shape', JSON.stringify([event({ data: { executor: { nested: true } } })])],
  ['NUL and half a surrogate', JSON.stringify([event({ data: { executor: 'ex_\u0000\ud800' } })])],
  ['no subject', JSON.stringify([event({ subject: undefined })])],
  ['a huge attempt', JSON.stringify([event({ attempt: Number.MAX_SAFE_INTEGER, subject: runId })])],
];

const publishAll = async (natsUrl: string, runId: string): Promise<number> => {
  const { host, username, password } = new URL(natsUrl);
  const nats = await connect({ servers: host, user: username, pass: password });
  try {
    const stream = jetstream(nats);
    for (const [, payload] of poison(runId)) await stream.publish('log.0.commit', payload);
    return poison(runId).length;
  } finally {
    await nats.close();
  }
};

test('F23: poison in the log is passed by, kills nobody, and changes no run', async () => {
  const [runId = ''] = await bed.send({ runs: 20 });
  const pids = bed.platform.platform.pids();
  const sending = bed.send({ runs: 40, clients: 4 });
  const since = performance.now();
  const messages = await publishAll(bed.platform.natsUrl, runId);
  await sending;
  const recoverySeconds = await bed.untilServing(since);
  await bed.conclude({ row: 'F23', messages, recoverySeconds });
  recordRow(bed.platform, { row: 'F36', test: 'types and versions of the future', messages, lost: 0 });
  expect(bed.platform.platform.pids()).toEqual(pids);
  const [folded, rebuilt] = await hashesAroundRebuild(bed.platform);
  expect(rebuilt).toEqual(folded);
});
