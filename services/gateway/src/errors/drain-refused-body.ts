import { type IncomingMessage } from 'node:http';
import { REFUSED_BODY_BYTES_MAX, REFUSED_BODY_MS } from '../limits.ts';

/**
 * Reads what is left of a body that was refused, within bounds. A connection that is closed with unread bytes is reset, and the
 * caller would see the reset instead of the answer.
 */
export const drainRefusedBody = async (request: IncomingMessage): Promise<void> => {
  if (request.complete || request.destroyed) return;
  await new Promise<void>((resolve) => {
    let bytes = 0;
    const finish = (): void => {
      clearTimeout(timer);
      request.off('data', count).off('end', finish).off('error', finish).off('close', finish);
      resolve();
    };
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > REFUSED_BODY_BYTES_MAX) finish();
    };
    const timer = setTimeout(finish, REFUSED_BODY_MS);
    request.on('data', count).once('end', finish).once('error', finish).once('close', finish).resume();
  });
};
