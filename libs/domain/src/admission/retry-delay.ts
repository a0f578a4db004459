import { type BackoffPolicy } from '@millrace/contracts';
import { type Milliseconds } from '@millrace/kernel';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const HASH_MAX = 0xffff_ffff;

/** From 0 to 1, the same for the same text: who decides again decides the same. */
const chanceOf = (text: string): number => {
  let hash = FNV_OFFSET;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  // the last characters have hardly reached the upper bits
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) / HASH_MAX;
};

/**
 * How long a run waits after its `failures`th failed attempt, in milliseconds: grows by the factor up to the maximum, less what chance
 * takes away. Chance is drawn from run and attempt, so that runs that failed together do not come again together.
 */
export const retryDelay = (
  { firstMs, factor, maxMs, jitter }: BackoffPolicy,
  failures: number,
  { runId, attempt }: { readonly runId: string; readonly attempt: number },
): Milliseconds => {
  const full = Math.min(maxMs, firstMs * factor ** Math.max(0, failures - 1));
  return Math.round(full * (1 - jitter * chanceOf(`${runId}.${attempt}`)));
};
