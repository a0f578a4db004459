import { stat } from 'node:fs/promises';
import { mapBounded } from './map-bounded.ts';

/** The clock of file systems ticks coarsely. */
const TICK_MS = 20;

export interface Fingerprint {
  /** Differs whenever one of the files was written, renamed, has another mode, came or went. */
  readonly text: string;
  /** Whether one of them changed so lately that whoever read them since `sinceMs` may have seen another state. */
  readonly changedSince: (sinceMs: number) => boolean;
}

export const fingerprintOf = async (files: readonly string[]): Promise<Fingerprint> => {
  const found = await mapBounded(files, (file) => stat(file).catch(() => undefined));
  const newestMs = Math.max(0, ...found.map((stats) => stats?.ctimeMs ?? 0));
  return {
    text: found.map((stats) => (stats === undefined ? '-' : `${stats.ino}:${stats.ctimeMs}:${stats.size}`)).join(' '),
    changedSince: (sinceMs) => newestMs + TICK_MS >= sinceMs,
  };
};
