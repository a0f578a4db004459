import { hash, timingSafeEqual } from 'node:crypto';

const digestOf = (value: string | Uint8Array): Uint8Array => hash('sha256', value, 'buffer');

/**
 * Compares in a time that depends on neither value: what is compared are digests, which have one length and which nobody
 * who does not know the value can steer.
 */
export const isSame = (a: string | Uint8Array, b: string | Uint8Array): boolean =>
  timingSafeEqual(digestOf(a), digestOf(b));

/** Whether one of `candidates` is one of `expected`. Every pair is compared, also after a match. */
export const isAnySame = (
  candidates: readonly (string | Uint8Array)[],
  expected: readonly (string | Uint8Array)[],
): boolean => candidates.flatMap((candidate) => expected.map((one) => isSame(candidate, one))).includes(true);
