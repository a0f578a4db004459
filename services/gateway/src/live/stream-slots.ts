import { AppError } from '@millrace/kernel';
import { SSE_CLIENTS_MAX, SSE_CLIENTS_PER_TOKEN_MAX } from '../limits.ts';

/** Open event streams, bounded in all and by token. */
export interface StreamSlots {
  /**
   * Takes a slot; returns how to give it back, once.
   *
   * @throws AppError `over_limit` `live.too_many`.
   */
  readonly take: (tokenId: string) => () => void;
  readonly count: () => number;
}

export const makeStreamSlots = (): StreamSlots => {
  const byToken = new Map<string, number>();
  let count = 0;

  const add = (tokenId: string, by: number): void => {
    const left = (byToken.get(tokenId) ?? 0) + by;
    count += by;
    if (left === 0) byToken.delete(tokenId);
    else byToken.set(tokenId, left);
  };

  return {
    count: () => count,
    take: (tokenId) => {
      if (count >= SSE_CLIENTS_MAX || (byToken.get(tokenId) ?? 0) >= SSE_CLIENTS_PER_TOKEN_MAX) {
        throw new AppError(
          'over_limit',
          'live.too_many',
          'too many event streams are open: ask for the status instead',
          {
            retryAfterSeconds: 5,
          },
        );
      }
      add(tokenId, 1);
      let given = false;
      return () => {
        if (!given) add(tokenId, -1);
        given = true;
      };
    },
  };
};
