import { ENDED_RUNS_MAX } from '../limits.ts';

/**
 * Runs whose end this gateway has told a caller before the read model could show it. Whoever asks for one of them next gets what the caller
 * already knows, or waits for it.
 */
export interface EndedRuns {
  readonly remember: (runId: string) => void;
  readonly has: (runId: string) => boolean;
  readonly forget: (runId: string) => void;
}

/** Keeps the latest ones; the projector is through with those before long ago. */
export const makeEndedRuns = (max = ENDED_RUNS_MAX): EndedRuns => {
  const ended = new Set<string>();
  return {
    remember: (runId) => {
      ended.add(runId);
      if (ended.size <= max) return;
      for (const oldest of ended) {
        ended.delete(oldest);
        return;
      }
    },
    has: (runId) => ended.has(runId),
    forget: (runId) => void ended.delete(runId),
  };
};
