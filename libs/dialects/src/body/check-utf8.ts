import { isUtf8 } from 'node:buffer';
import { AppError } from '@millrace/kernel';

const WINDOW = 4_096;
const LONGEST = 4;

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Bytes of a sequence by its first one, if it is one. */
const lengthBy = (first: number): number => {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : LONGEST;
};

/** Where the window that begins here ends: not within a sequence, as far as that can be seen. */
const windowEnd = (bytes: Uint8Array, from: number): number => {
  let end = Math.min(from + WINDOW, bytes.length);
  while (end > from + WINDOW - LONGEST && isContinuation(bytes[end])) end -= 1;
  return end;
};

/** Offset of the first byte that begins no sequence of UTF-8. Whole windows are skipped: a large body costs no more than its length. */
const firstBroken = (bytes: Uint8Array): number => {
  let at = 0;
  for (
    let end = windowEnd(bytes, at);
    at < bytes.length && isUtf8(bytes.subarray(at, end));
    end = windowEnd(bytes, at)
  ) {
    at = end;
  }
  for (let first = bytes[at]; first !== undefined; first = bytes[at]) {
    const end = at + lengthBy(first);
    if (end > bytes.length || !isUtf8(bytes.subarray(at, end))) return at;
    at = end;
  }
  return at;
};

/**
 * For bytes that are read as JSON, which is UTF-8: what is none would become U+FFFD, and nobody would know.
 *
 * @throws AppError `invalid` `body.not_utf8` with the offset in bytes.
 */
export const checkUtf8 = (bytes: Uint8Array): void => {
  if (isUtf8(bytes)) return;
  throw new AppError(
    'invalid',
    'body.not_utf8',
    `the body is read as JSON and is not UTF-8 at byte ${firstBroken(bytes)}`,
  );
};
