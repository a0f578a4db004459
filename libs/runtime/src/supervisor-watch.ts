/** How often the parent is looked at, should the channel have missed its end. */
const POLL_MS = 500;

/**
 * Calls `onGone` once when the process that started this one disappears: its IPC channel closes, or the kernel has given this
 * process another parent. Does not keep the process alive.
 */
export const watchSupervisor = (onGone: () => void): void => {
  const parent = process.ppid;
  let gone = false;
  const report = (): void => {
    if (gone) return;
    gone = true;
    clearInterval(poll);
    onGone();
  };
  const poll = setInterval(() => {
    if (process.ppid !== parent) report();
  }, POLL_MS);
  poll.unref();
  process.once('disconnect', report);
  // The channel is there to be closed, not to keep a finished service running.
  process.channel?.unref();
};
