import { logSubject, type RunRequested } from '@millrace/contracts';
import { type LogConnection, makeEventWriter } from '@millrace/eventlog';
import { aRunId, requested } from '@millrace/testkit';

const SHARD = 0;
const RUNS_PER_COMMIT = 250;
const COMMITS_AT_ONCE = 8;
const WORKFLOWS = 20;
const APPEND_TIMEOUT_MS = 30_000;

/** As a gateway writes it, with a small input. */
const requestOf = (number: number): RunRequested =>
  requested({
    runId: aRunId(),
    workflow: `bench/w${number % WORKFLOWS}`,
    input: { order: number, customer: `customer ${number % 1_000}`, items: ['one', 'two'] },
    policy: { timeoutMs: 60_000, onLimit: 'queue', retries: { failed: 0, lost: 1 } },
  });

/** Writes so many requests of runs into the log of shard 0, in packs. */
export const fillLog = async (connection: LogConnection, runs: number): Promise<void> => {
  const writer = makeEventWriter(connection, {
    shard: SHARD,
    subject: logSubject.gateway(SHARD),
    inFlightMax: COMMITS_AT_ONCE,
    timeoutMs: APPEND_TIMEOUT_MS,
    retry: 'never',
  });
  let written = 0;
  const write = async (): Promise<void> => {
    while (written < runs) {
      const from = written;
      written = Math.min(runs, written + RUNS_PER_COMMIT);
      await writer.append(Array.from({ length: written - from }, (_, index) => requestOf(from + index)));
    }
  };
  await Promise.all(Array.from({ length: COMMITS_AT_ONCE }, write));
  await writer.close();
};
