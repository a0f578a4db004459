import { parseTraceparent, type RunEvent, type RunResult, WAITING_WORD } from '@millrace/contracts';
import { WAIT_LAST_LOOK_MS, WAIT_POLL_MS } from '../limits.ts';
import { resultOfEvent } from '../views/run-views.ts';
import { type Expectation, type ReplyWord } from './reply-waiters.ts';

/** What a caller waits for. */
export type Word =
  | { readonly kind: 'ended'; readonly result: RunResult; readonly event?: RunEvent }
  /** The run answered, and goes on. */
  | { readonly kind: 'responded'; readonly response: unknown; readonly event?: RunEvent };

export interface OutcomeWait {
  readonly expectation: Expectation;
  readonly timeoutMs: number;
  /** Ends the wait: the caller is gone, or the gateway is. */
  readonly signal: AbortSignal;
  /** What the read model knows. Fails when it is away. */
  readonly look: () => Promise<Word | undefined>;
  /** Calls back when messages may have got lost; returns how to stop. */
  readonly onGap: (listener: () => void) => () => void;
  /** `poll` when the reply goes to another caller. */
  readonly source: 'reply' | 'poll';
}

/** What a reply says; `undefined` when it is nothing to wait for. */
export const wordOfReply = (event: ReplyWord): Word | undefined => {
  if (event === WAITING_WORD) return undefined;
  const { subject, traceparent, type, data } = event;
  if (type === 'dev.millrace.run.responded.v1') return { kind: 'responded', response: data.response, event };
  const result = resultOfEvent({ runId: subject, traceId: parseTraceparent(traceparent)?.traceId, type, data });
  return result === undefined ? undefined : { kind: 'ended', result, event };
};

/**
 * The result of a run, or its early answer; `undefined` when time is up or the wait was ended. The reply subject is the fast way; the
 * read model is asked when a reply may have got lost, and just before time is up.
 */
export const awaitOutcome = ({
  expectation,
  timeoutMs,
  signal,
  look,
  onGap,
  source,
}: OutcomeWait): Promise<Word | undefined> =>
  new Promise((resolve) => {
    const timers: NodeJS.Timeout[] = [];
    const finish = (word?: Word): void => {
      timers.forEach(clearTimeout);
      stopGap();
      signal.removeEventListener('abort', onAbort);
      expectation.close();
      resolve(word);
    };
    const onAbort = (): void => finish();
    // A read model that is away is no reason to fail: the reply may still come, and the last answer is "accepted".
    const lookOnce = (): void =>
      void look().then(
        (word) => {
          if (word !== undefined) finish(word);
        },
        () => undefined,
      );
    const listen = async (): Promise<void> => {
      let word: Word | undefined;
      while (word === undefined) word = wordOfReply(await expectation.next());
      finish(word);
    };

    const stopGap = onGap(lookOnce);
    signal.addEventListener('abort', onAbort, { once: true });
    timers.push(setTimeout(finish, timeoutMs), setTimeout(lookOnce, Math.max(0, timeoutMs - WAIT_LAST_LOOK_MS)));
    if (source === 'poll') timers.push(setInterval(lookOnce, WAIT_POLL_MS));
    if (signal.aborted) finish();
    else void listen();
  });
