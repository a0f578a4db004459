import { readFileSync } from 'node:fs';

export interface MemorySample {
  readonly minute: number;
  readonly pid: number;
  readonly mb: number;
}

/** Resident memory of a process; `undefined` when it is gone. */
export const residentMb = (pid: number): number | undefined => {
  try {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kib) / 1_024;
  } catch {
    return undefined;
  }
};

/** A process that has just started grows whatever it does: its first minutes do not count. */
const WARM_UP_MINUTES = 2;
const SAMPLES_MIN = 6;

const slopeOf = (samples: readonly MemorySample[]): number => {
  const mean = (of: (sample: MemorySample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [meanMinute, meanMb] = [mean(({ minute }) => minute), mean(({ mb }) => mb)];
  const product = samples.reduce((sum, { minute, mb }) => sum + (minute - meanMinute) * (mb - meanMb), 0);
  const square = samples.reduce((sum, { minute }) => sum + (minute - meanMinute) ** 2, 0);
  return square === 0 ? 0 : product / square;
};

/** MB per minute of the process that lived longest, by least squares; `undefined` when none lived long enough to tell. */
export const memorySlope = (samples: readonly MemorySample[]): number | undefined => {
  const lives = Map.groupBy(samples, ({ pid }) => pid);
  const settled = [...lives.values()].map((life) => {
    const begin = life[0]?.minute ?? 0;
    return life.filter(({ minute }) => minute >= begin + WARM_UP_MINUTES);
  });
  const [longest = []] = settled.sort((a, b) => b.length - a.length);
  return longest.length < SAMPLES_MIN ? undefined : Number(slopeOf(longest).toFixed(2));
};
