import { SSE_BACKLOG_CHARS_MAX, SSE_BACKLOG_MESSAGES_MAX } from '../limits.ts';
import { type FeedChunk, type FeedEvent } from './messages.ts';

/** Something that just happened to a run. */
export type LiveItem =
  { readonly kind: 'event'; readonly event: FeedEvent } | { readonly kind: 'chunk'; readonly chunk: FeedChunk };

/** `lagged`: more arrived than is kept for one slow reader. `ended`: there will be no more. */
export type TapState = 'open' | 'lagged' | 'ended';

/** What one reader gets of one run; bounded. */
export interface Tap {
  /** Everything that arrived since the last call; waits until there is something, the tap is no longer open, or time is up (empty). */
  readonly take: (timeoutMs?: number) => Promise<readonly LiveItem[]>;
  readonly state: () => TapState;
  /** True while it is open and more than half full: whoever can shall wait a little before the next push. */
  readonly isFilling: () => boolean;
  readonly push: (item: LiveItem) => void;
  readonly end: () => void;
}

const charsOf = (item: LiveItem): number => (item.kind === 'chunk' ? item.chunk.text.length : 0);

/** @param onLagged called once, when the reader is too slow */
export const makeTap = (onLagged: () => void): Tap => {
  let items: LiveItem[] = [];
  let chars = 0;
  let state: TapState = 'open';
  let arrived = Promise.withResolvers<undefined>();

  const wake = (): void => {
    arrived.resolve(undefined);
    arrived = Promise.withResolvers<undefined>();
  };
  const leave = (next: TapState): void => {
    if (state !== 'open') return;
    state = next;
    wake();
  };

  return {
    state: () => state,
    isFilling: () =>
      state === 'open' && (items.length > SSE_BACKLOG_MESSAGES_MAX / 2 || chars > SSE_BACKLOG_CHARS_MAX / 2),
    end: () => leave('ended'),
    push: (item) => {
      if (state !== 'open') return;
      items.push(item);
      chars += charsOf(item);
      if (items.length <= SSE_BACKLOG_MESSAGES_MAX && chars <= SSE_BACKLOG_CHARS_MAX) wake();
      else {
        items = [];
        leave('lagged');
        onLagged();
      }
    },
    take: async (timeoutMs) => {
      if (items.length === 0 && state === 'open') await within(arrived.promise, timeoutMs);
      const taken = items;
      items = [];
      chars = 0;
      return taken;
    },
  };
};

/** Settles with the promise or when time is up, whichever is first, and leaves no timer behind. */
const within = async (promise: Promise<undefined>, timeoutMs: number | undefined): Promise<void> => {
  if (timeoutMs === undefined) return promise;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
};
