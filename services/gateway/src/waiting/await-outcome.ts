import { parseTraceparent, type RunEvent, type RunResult } from '@millrace/contracts';
import { WAIT_LAST_LOOK_MS, WAIT_POLL_MS } from '../limits.ts';
import { resultOfEvent } from '../views/run-views.ts';
import { type Expectation } from './reply-waiters.ts';

export interface OutcomeWait {
  readonly expectation: Expectation;
  readonly timeoutMs: number;
  /** Ends the wait: the caller is gone, or the gateway is. */
  readonly signal: AbortSignal;
  /** The result, if the read model knows it. Fails when it is away. */
  readonly look: () => Promise<RunResult | undefined>;
  /** Calls back when messages may have got lost; returns how to stop. */
  readonly onGap: (listener: () => void) => () => void;
  /** `poll` when the reply goes to another caller. */
  readonly source: 'reply' | 'poll';
}

/** The result in a reply; `undefined` when it does not end the run. */
export const resultOfReply = ({ subject, traceparent, type, data }: RunEvent): RunResult | undefined =>
  resultOfEvent({ runId: subject, traceId: parseTraceparent(traceparent)?.traceId, type, data });

/**
 * The result of a run; `undefined` when time is up or the wait was ended. The reply subject is the fast way; the read model is asked
 * when a reply may have got lost, and just before time is up.
 */
export const awaitOutcome = ({
  expectation,
  timeoutMs,
  signal,
  look,
  onGap,
  source,
}: OutcomeWait): Promise<RunResult | undefined> =>
  new Promise((resolve) => {
    const timers: NodeJS.Timeout[] = [];
    const finish = (result?: RunResult): void => {
      timers.forEach(clearTimeout);
      stopGap();
      signal.removeEventListener('abort', onAbort);
      expectation.close();
      resolve(result);
    };
    const onAbort = (): void => finish();
    // A read model that is away is no reason to fail: the reply may still come, and the last answer is "accepted".
    const lookOnce = (): void =>
      void look().then(
        (result) => {
          if (result !== undefined) finish(result);
        },
        () => undefined,
      );
    const listen = async (): Promise<void> => {
      let result: RunResult | undefined;
      while (result === undefined) result = resultOfReply(await expectation.next());
      finish(result);
    };

    const stopGap = onGap(lookOnce);
    signal.addEventListener('abort', onAbort, { once: true });
    timers.push(setTimeout(finish, timeoutMs), setTimeout(lookOnce, Math.max(0, timeoutMs - WAIT_LAST_LOOK_MS)));
    if (source === 'poll') timers.push(setInterval(lookOnce, WAIT_POLL_MS));
    if (signal.aborted) finish();
    else void listen();
  });
