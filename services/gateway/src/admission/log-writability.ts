/**
 * Whether the log takes anything at all. A nats-server whose disk was full answers no write until it is started again, while everything
 * can be read: callers would wait for the time-out of every append, and health would say that all is well.
 *
 * ```
 * writable ──an append without an answer──► in doubt ──a probe without an answer──► not writable
 *     ▲                                        │                                        │
 *     └────────────────a probe is stored───────┴────────────────────────────────────────┘
 * ```
 * The supervisor's word makes it not writable as well, for as long as it is repeated.
 */
import { AppError } from '@millrace/kernel';
import { UNWRITABLE_FRESH_MS } from '../limits.ts';

export interface LogWritability {
  /** Call it with what an append threw. */
  readonly onAppendError: (error: unknown) => void;
  /** The supervisor says why nothing can be written. */
  readonly onWord: (detail: string) => void;
  /** Why nothing can be written; `undefined` when it can. */
  readonly problem: () => string | undefined;
  /** @throws AppError `unavailable` `log.not_writable`. */
  readonly check: () => void;
  readonly close: () => void;
}

export interface WritabilityOptions {
  /** Writes something; throws when that is not acknowledged. */
  readonly probe: () => Promise<void>;
  /** Pause between two probes. */
  readonly probeIntervalMs: number;
  /** Monotonic. */
  readonly nowMs: () => number;
}

const RETRY_AFTER_SECONDS = 5;
const UNANSWERED = 'nats-server does not acknowledge what is written';

const isDoubtful = (error: unknown): boolean => error instanceof AppError && error.code === 'log.unknown_outcome';

export const makeLogWritability = ({ probe, probeIntervalMs, nowMs }: WritabilityOptions): LogWritability => {
  let isProbing = false;
  let isUnanswered = false;
  let timer: NodeJS.Timeout | undefined;
  let word = { detail: '', atMs: Number.NEGATIVE_INFINITY };
  let isClosed = false;

  const probeOnce = async (): Promise<void> => {
    try {
      await probe();
      isUnanswered = false;
      isProbing = false;
    } catch (error) {
      // away or full is told by others; only silence is our business
      isUnanswered = isDoubtful(error);
      if (!isClosed) timer = setTimeout(startProbe, probeIntervalMs);
    }
  };
  const startProbe = (): void => void probeOnce();
  const problem = (): string | undefined => {
    if (nowMs() - word.atMs < UNWRITABLE_FRESH_MS) return word.detail;
    return isUnanswered ? UNANSWERED : undefined;
  };
  return {
    onAppendError: (error) => {
      if (isProbing || isClosed || !isDoubtful(error)) return;
      isProbing = true;
      startProbe();
    },
    onWord: (detail) => {
      word = { detail, atMs: nowMs() };
    },
    problem,
    check: () => {
      const detail = problem();
      if (detail === undefined) return;
      const options = { retryAfterSeconds: RETRY_AFTER_SECONDS };
      throw new AppError('unavailable', 'log.not_writable', `nothing can be recorded: ${detail}`, options);
    },
    close: () => {
      isClosed = true;
      clearTimeout(timer);
    },
  };
};
