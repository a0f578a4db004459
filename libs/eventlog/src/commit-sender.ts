import { backoffDelay, type Backoff } from '@millrace/kernel';
import { type PublishOutcome } from './ack-inbox.ts';
import { type LogConnection } from './connection.ts';
import { JETSTREAM_ERROR } from './log-errors.ts';
import { type Expectation, sendCommit } from './publish-commit.ts';

export interface SenderOptions {
  readonly timeoutMs: number;
  readonly retry: 'never' | 'until-closed';
  /** Refusals that are given back instead of repeated, by error code. */
  readonly finalCodes?: ReadonlySet<number>;
}

export interface SentCommit {
  readonly subject: string;
  readonly body: string;
  readonly messageId: string;
  readonly expect?: Expectation;
  readonly extraHeaders?: Readonly<Record<string, string>>;
}

/** Sends commits, and repeats them with the same message id when it shall. */
export interface CommitSender {
  /** Calls back once, or never after `close`. */
  readonly send: (commit: SentCommit, settle: (outcome: PublishOutcome) => void) => void;
  readonly close: () => void;
}

const RETRY: Backoff = { first: 50, max: 1_000 };

/** What no repetition can change. */
const FINAL_CODES: ReadonlySet<number> = new Set([JETSTREAM_ERROR.messageTooLarge]);

export const makeCommitSender = (connection: LogConnection, options: SenderOptions): CommitSender => {
  const { timeoutMs, retry, finalCodes = FINAL_CODES } = options;
  const parked = new Map<() => void, NodeJS.Timeout>();
  let isClosed = false;

  const park = (again: () => void, tries: number): void => {
    const timer = setTimeout(
      () => {
        parked.delete(again);
        again();
      },
      backoffDelay(RETRY, tries),
    );
    parked.set(again, timer);
  };

  const isFinal = (outcome: PublishOutcome): boolean =>
    outcome.kind === 'stored' || retry === 'never' || (outcome.kind === 'refused' && finalCodes.has(outcome.errorCode));

  const attempt = (commit: SentCommit, settle: (outcome: PublishOutcome) => void, tries: number): void =>
    sendCommit(connection, { ...commit, timeoutMs }, (outcome) => {
      if (isClosed) return;
      if (isFinal(outcome)) settle(outcome);
      else park(() => attempt(commit, settle, tries + 1), tries);
    });

  const stopWatching = connection.onStatus((status) => {
    if (status !== 'connected') return;
    const due = [...parked];
    parked.clear();
    for (const [again, timer] of due) {
      clearTimeout(timer);
      again();
    }
  });

  return {
    send: (commit, settle) => attempt(commit, settle, 1),
    close: () => {
      isClosed = true;
      stopWatching();
      for (const timer of parked.values()) clearTimeout(timer);
      parked.clear();
    },
  };
};
