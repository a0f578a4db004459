/**
 * The number of shards that a server was made with, kept in the metadata of its first log: with the streams, not beside them, and readable
 * for everyone who reads the log. A log without it is of a server with one shard.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { logStream, type Ring, SINGLE_RING } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { JetStreamApiError, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream';
import { type LogConnection } from './connection.ts';
import { JETSTREAM_ERROR, translate } from './log-errors.ts';
import { managerOf } from './nats-handle.ts';

const METADATA = 'millrace.ring';
const RING_LOG = logStream(0);

export interface ChangingRing {
  /** Shards that are wanted; as many as there are by default, one at first. */
  readonly shards?: number;
  /**
   * Counts the runs that are open in logs which are there. Asked only when the number of shards shall change; without it, it may not.
   */
  readonly countOpenRuns?: (ring: Ring) => Promise<number>;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const parseRing = (text: string): Ring => {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null) {
    const { shards, logs, sinceMs, earlier } = value as Record<string, unknown>;
    const isRing = isCount(shards) && isCount(logs) && isCount(sinceMs) && Array.isArray(earlier);
    if (isRing && earlier.every(isCount)) return { shards, logs, sinceMs, earlier };
  }
  throw new AppError('bug', 'shards.malformed', `the metadata of ${RING_LOG} does not tell the number of shards`);
};

const ringOf = ({ config }: StreamInfo): Ring => {
  const text = config.metadata?.[METADATA];
  return text === undefined ? SINGLE_RING : parseRing(text);
};

const findRing = async (manager: JetStreamManager): Promise<Ring | undefined> => {
  try {
    return ringOf(await manager.streams.info(RING_LOG));
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JETSTREAM_ERROR.streamNotFound) return undefined;
    throw error;
  }
};

/**
 * How the logs are laid out.
 *
 * @throws AppError `unavailable` when the log is away or was never made.
 */
export const readRing = async (connection: LogConnection): Promise<Ring> => {
  try {
    return ringOf(await (await managerOf(connection)).streams.info(RING_LOG));
  } catch (cause) {
    throw translate(cause, 'reading the number of shards');
  }
};

const openRunsError = (shards: number, wanted: number, open: number | undefined): AppError =>
  new AppError(
    'refused',
    'shards.open_runs',
    `this server has ${shards} shard${shards === 1 ? '' : 's'}, and ${wanted} are configured, but ` +
      (open === undefined
        ? 'it was not looked whether runs are open'
        : `${open} run${open === 1 ? ' is' : 's are'} open`) +
      `: start it with shards = ${shards}, let the runs end (or cancel them) while nothing new is requested, stop it, and start it with shards = ${wanted}`,
  );

const changed = (ring: Ring, shards: number, nowMs: number): Ring => ({
  shards,
  logs: Math.max(ring.logs, shards),
  sinceMs: nowMs,
  earlier: [...new Set([ring.shards, ...ring.earlier])],
});

/**
 * The ring that there is, or that there shall be.
 *
 * @throws AppError `refused` `shards.open_runs` when it shall change while runs are open.
 */
export const ringFor = async (connection: LogConnection, { shards, countOpenRuns }: ChangingRing): Promise<Ring> => {
  const ring = await findRing(await managerOf(connection));
  if (ring === undefined)
    return shards === undefined || shards === 1 ? SINGLE_RING : { ...SINGLE_RING, shards, logs: shards };
  if (shards === undefined || shards === ring.shards) return ring;
  const open = await countOpenRuns?.(ring);
  if (open !== 0) throw openRunsError(ring.shards, shards, open);
  return changed(ring, shards, Date.now());
};

/** Notes it with the first log, which is there. */
export const keepRing = async (manager: JetStreamManager, ring: Ring): Promise<void> => {
  const { config } = await manager.streams.info(RING_LOG);
  const text = JSON.stringify(ring);
  if (config.metadata?.[METADATA] === text) return;
  await manager.streams.update(RING_LOG, { metadata: { ...config.metadata, [METADATA]: text } });
};

const LOOK_INTERVAL_MS = 500;

/** As it is, as soon as that can be read. A log that nobody made yet is taken for one of a server with one shard. */
const awaitRing = async (connection: LogConnection, signal: AbortSignal): Promise<Ring> => {
  for (;;) {
    try {
      return (await findRing(await managerOf(connection))) ?? SINGLE_RING;
    } catch (cause) {
      const error = translate(cause, 'reading the number of shards');
      if (error.kind !== 'unavailable' || error.code === 'log.closed' || signal.aborted) throw error;
    }
    await delay(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
};

/**
 * What a service does first: it works for the shards that it was told only when these are the ones that there are. Waits for the log.
 *
 * @throws AppError `refused` `shards.mismatch`; `unavailable` when the signal aborts before it was found.
 */
export const checkRing = async (connection: LogConnection, shards: number, signal: AbortSignal): Promise<Ring> => {
  const ring = await awaitRing(connection, signal);
  if (ring.shards === shards) return ring;
  throw new AppError(
    'refused',
    'shards.mismatch',
    `MILLRACE_SHARDS is ${shards}, and the logs were made for ${ring.shards}: give every service MILLRACE_SHARDS=${ring.shards}, or change the logs as docs/operations/scaling.md says`,
  );
};
