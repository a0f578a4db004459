import { AppError } from '@millrace/kernel';
import { type LiveMessage } from '@millrace/contracts';
import { expect, test } from 'vitest';
import { anInboundRequest } from '../../../testing/windmill-request.ts';
import { type RecordedRun } from '../../run-snapshot.ts';
import { makeJobStream, notFoundStream } from './job-stream.ts';

const run: RecordedRun = {
  runId: '1',
  workspace: 'default',
  workflow: 'a/b',
  version: 'f'.repeat(64),
  traceId: 't',
  replayed: false,
  requestedAt: '2026-01-01T00:00:00.000Z',
  input: { a: 1 },
};
const time = '2026-01-01T00:00:01.000Z';
const log = (text: string): LiveMessage => ({ type: 'log', attempt: 1, stream: 'stdout', time, text });
const MESSAGES: readonly LiveMessage[] = [
  { type: 'state', state: 'waiting', attempt: 0, time },
  { type: 'state', state: 'running', attempt: 1, time },
  log('one\n'),
  { type: 'progress', attempt: 1, percent: 42.5 },
  log('two\n'),
  { type: 'complete', time, attempt: 1, run_id: '1', status: 'completed', output: { x: 1 } },
];

const told = (search = ''): readonly unknown[] => {
  const stream = makeJobStream(60);
  const tell = stream.teller?.(run, anInboundRequest({ search })) ?? (() => []);
  return MESSAGES.flatMap((message) => tell(message)).map(({ data }) => JSON.parse(data) as unknown);
};

test('a stream begins with where the job is', () => {
  expect(makeJobStream(60).open(run, anInboundRequest())).toEqual([
    { data: '{"type":"update","running":false,"log_offset":0}' },
  ]);
});

test('updates count the characters of the logs, and the last one has job and result', () => {
  expect(told()).toMatchObject([
    { type: 'update', running: true, log_offset: 0 },
    { type: 'update', new_logs: 'one\n', log_offset: 4 },
    { type: 'update', progress: 42 },
    { type: 'update', new_logs: 'two\n', log_offset: 8 },
    {
      type: 'update',
      completed: true,
      only_result: { x: 1 },
      job: { type: 'CompletedJob', success: true, args: { a: 1 } },
    },
  ]);
});

test('log_offset leaves out what the client has', () => {
  const logs = told('log_offset=6').filter((frame) => (frame as { new_logs?: string }).new_logs !== undefined);
  expect(logs).toEqual([{ type: 'update', new_logs: 'o\n', log_offset: 8 }]);
});

test('no_logs leaves out all logs, only_result the job', () => {
  const frames = told('no_logs=true&only_result=true');
  expect(frames).toHaveLength(3);
  expect(frames.at(-1)).toEqual({
    type: 'update',
    running: false,
    completed: true,
    log_offset: 8,
    only_result: { x: 1 },
  });
});

test('there are frames for silence, for the end of time, for trouble and for a job that is not there', () => {
  const { keepAlive, limit, failed } = makeJobStream(2);
  expect(keepAlive).toMatchObject({ frame: { data: '{"type":"ping"}' } });
  expect([limit?.ms, limit?.frames()]).toEqual([2_000, [{ data: '{"type":"timeout"}' }]]);
  expect(failed?.(new AppError('unavailable', 'read_model.behind', 'no'))).toEqual([
    { data: '{"type":"error","error":"no"}' },
  ]);
  expect(notFoundStream().body).toBe('data: {"type":"notfound"}\n\n');
});
