import { statfs } from 'node:fs/promises';
import { DEFAULT_SHARD, messagingSubject } from '@millrace/contracts';
import { type LogConnection, publish, streamFills } from '@millrace/eventlog';
import { makeDiskKeeper } from './disk-keeper.ts';
import { type KeptProcess } from './keep-running.ts';
import { type RunningNats } from './nats.ts';
import { type OnPlatformEvent } from './platform-events.ts';

const LOOK_INTERVAL_MS = 1_000;

export const freeBytesOf = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

export interface KeepDiskOptions {
  readonly nats: KeptProcess<RunningNats>;
  readonly connection: LogConnection;
  readonly onEvent: OnPlatformEvent;
}

/** Looks after nats-server and its disk until it is told to stop. Gateways hear every second that nothing can be recorded. */
export const keepDisk = ({ nats, connection, onEvent }: KeepDiskOptions): (() => void) => {
  const judge = makeDiskKeeper();
  const look = async (): Promise<void> => {
    const { storeDir, writeError } = nats.current();
    const [error, freeBytes] = await Promise.all([writeError(), freeBytesOf(storeDir)]);
    const { problem, news, restart } = judge({ writeError: error, freeBytes, nowMs: performance.now() });
    if (news !== undefined) onEvent({ type: 'warning', message: news });
    if (problem !== undefined) publish(connection, messagingSubject.unwritable(DEFAULT_SHARD), problem);
    if (restart) await nats.restart();
  };
  let isLooking = false;
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch(() => undefined) // away: the supervision of the process tells
      .finally(() => {
        isLooking = false;
      });
  }, LOOK_INTERVAL_MS);
  return () => clearInterval(timer);
};

/** Says so when the streams may grow beyond the disk: then it is the disk that is full, and not the log. */
export const warnOfLargeStreams = async ({ nats, connection, onEvent }: KeepDiskOptions): Promise<void> => {
  const fills = await streamFills(connection);
  const growthBytes = fills
    .filter(({ maxBytes }) => Number.isFinite(maxBytes))
    .reduce((sum, { bytes, maxBytes }) => sum + Math.max(0, maxBytes - bytes), 0);
  const freeBytes = await freeBytesOf(nats.current().storeDir);
  if (growthBytes <= freeBytes) return;
  const mib = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MiB`;
  const message = `the streams may grow by ${mib(growthBytes)}, but only ${mib(freeBytes)} are free: make room, or lower nats.log_max_bytes`;
  onEvent({ type: 'warning', message });
};
