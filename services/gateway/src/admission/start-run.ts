import { AppError } from '@millrace/kernel';
import { type RunPolicy, WAITING_WORD } from '@millrace/contracts';
import { awaitsWord } from '@millrace/domain';
import { type LogConnection } from '@millrace/eventlog';
import { findResponse, findRun, type ReadModel } from '@millrace/read-model';
import { ADMISSION_WORD_MS } from '../limits.ts';
import { awaitOutcome, type Word, wordOfReply } from '../waiting/await-outcome.ts';
import { type EndedRuns } from '../waiting/ended-runs.ts';
import { type Expectation, type ReplyWaiters, type ReplyWord } from '../waiting/reply-waiters.ts';
import { type Reveal } from '../reading/reveal.ts';
import { isOver, resultOfRun } from '../views/run-views.ts';
import { type AcceptedRun, type RequestRun, type RunRequest } from './request-run.ts';

export interface StartedRun extends AcceptedRun {
  /** The outcome or an early answer, when the caller waited long enough. */
  readonly word?: Word;
}

export interface StartOptions {
  /** How long the caller wants to wait for the outcome, in milliseconds; 0 when it does not. */
  readonly waitMs: number;
  /** Asked for only when there is something to wait for: ends every wait, because the caller is gone, or the gateway is. */
  readonly signal: () => AbortSignal;
}

/**
 * Records a request and, where asked, waits for its outcome.
 *
 * @throws AppError as `RequestRun`; `over_limit` `run.over_limit` when the limit is reached and requests are rejected there,
 * `queue.full` when too many runs wait,
 * `wait.too_many` when too many callers wait already.
 */
export type StartRun = (request: Omit<RunRequest, 'waits' | 'onRunId'>, options: StartOptions) => Promise<StartedRun>;

export interface StartRunDeps {
  readonly requestRun: RequestRun;
  readonly waiters: ReplyWaiters;
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
  readonly ended: EndedRuns;
  readonly reveal: Reveal;
  /** The limit that a rejected caller is told. */
  readonly runsMax: number;
}

const firstWord = async (expectation: Expectation, signal: AbortSignal): Promise<ReplyWord | undefined> => {
  const timeUp = Promise.withResolvers<undefined>();
  const giveUp = (): void => timeUp.resolve(undefined);
  const timer = setTimeout(giveUp, ADMISSION_WORD_MS);
  signal.addEventListener('abort', giveUp, { once: true });
  const word = await Promise.race([expectation.next(), timeUp.promise]);
  clearTimeout(timer);
  signal.removeEventListener('abort', giveUp);
  return word;
};

/** What is answered with 429 and not with a state. */
const refuseRejected = (word: ReplyWord | undefined, policy: RunPolicy, runsMax: number): void => {
  if (word === undefined || word === WAITING_WORD || word.type !== 'dev.millrace.run.rejected.v1') return;
  const { code, message } = word.data.error;
  const { queueLimit, concurrency = runsMax, keyConcurrency = concurrency } = policy;
  const refuse = (errorCode: string, details: Readonly<Record<string, unknown>>): AppError =>
    new AppError('over_limit', errorCode, message, {
      retryAfterSeconds: 1,
      details: { run_id: word.subject, ...details },
    });
  if (code === 'queue_full') throw refuse('queue.full', { queue_limit: queueLimit });
  if (code === 'limit') throw refuse('run.over_limit', { max: Math.min(concurrency, keyConcurrency, runsMax) });
};

export const makeStartRun = (deps: StartRunDeps): StartRun => {
  const { requestRun, waiters, connection, readModel, reveal, runsMax } = deps;

  /** An early answer counts more than the end: it is what the caller would have got. */
  const look = async (runId: string): Promise<Word | undefined> => {
    const row = await findRun(readModel, runId);
    if (row === undefined) return undefined;
    const early = await findResponse(readModel, runId);
    if (early !== undefined) return { kind: 'responded', ...(await reveal.members(runId, early)) };
    return isOver(row) ? { kind: 'ended', result: resultOfRun(await reveal.run(row)) } : undefined;
  };

  const onGap = (listener: () => void): (() => void) =>
    connection.onStatus((status) => {
      if (status === 'connected') listener();
    });

  const settle = async (run: AcceptedRun, expectation: Expectation, options: StartOptions): Promise<StartedRun> => {
    const { waitMs } = options;
    const signal = options.signal();
    const isFirst = run.outcome === 'recorded';
    const first =
      awaitsWord(run.policy) && isFirst && !run.isDelayed ? await firstWord(expectation, signal) : undefined;
    refuseRejected(first, run.policy, runsMax);
    const known = first === undefined ? undefined : wordOfReply(first);
    if (known !== undefined || waitMs === 0) return { ...run, ...(known === undefined ? {} : { word: known }) };
    const source = isFirst ? 'reply' : 'poll';
    const wait = { expectation, timeoutMs: waitMs, signal, look: () => look(run.runId), onGap, source } as const;
    const word = await awaitOutcome(wait);
    return word === undefined ? run : { ...run, word };
  };

  return async (request, options) => {
    let expectation: Expectation | undefined;
    const waits = options.waitMs > 0;
    const expect = (runId: string): void => {
      expectation = waiters.expect(runId);
    };
    try {
      const run = await requestRun({ ...request, waits, onRunId: expect });
      if (expectation === undefined) return run;
      const settled = await settle(run, expectation, options);
      if (settled.word?.kind === 'ended') deps.ended.remember(run.runId);
      return settled;
    } finally {
      expectation?.close();
    }
  };
};
