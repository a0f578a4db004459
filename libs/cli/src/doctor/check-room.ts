import { EVENTS_STREAM, logStream, outputStream, SHARDS_MAX, shardsUpTo } from '@millrace/contracts';
import { type StreamFill } from '@millrace/eventlog';
import { fail, type Finding, ok, warn } from './finding.ts';

/** Above this share of its size the log is shown as nearly full. */
export const LOG_WARN_SHARE = 0.8;

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `1.5 GiB` */
const sizeText = (bytes: number): string => {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1_024 ** power).toFixed(1))} ${UNITS[power] ?? ''}`;
};

const fillText = ({ bytes, maxBytes }: StreamFill): string => {
  if (!Number.isFinite(maxBytes)) return `${sizeText(bytes)} used, without a limit`;
  const percent = Math.round((100 * bytes) / maxBytes);
  return `${sizeText(bytes)} of ${sizeText(maxBytes)} used (${percent} %), room for ${sizeText(Math.max(0, maxBytes - bytes))}`;
};

/** Only the log refuses when it is full; public events and output give up what is oldest. */
const logFinding = (fill: StreamFill): Finding =>
  fill.bytes > fill.maxBytes * LOG_WARN_SHARE
    ? warn('log room', fillText(fill), 'raise nats.log_max_bytes, or shorten nats.log_max_age, and start again')
    : ok('log room', fillText(fill));

const LOGS: ReadonlySet<string> = new Set(shardsUpTo(SHARDS_MAX).map(logStream));

/** Nothing is ever taken out of the middle of the log: what is missing there was lost by the disk. */
const gapFinding = ({ stream, missing = 0 }: StreamFill): readonly Finding[] =>
  missing === 0 || !LOGS.has(stream)
    ? []
    : [
        fail(
          'log whole',
          `${missing} commits are gone from the middle of the log: its files were damaged`,
          'keep Postgres and do not rebuild: its rows still show what is gone; restore the log from a backup, and check the disk',
        ),
      ];

const growthOf = (fills: readonly StreamFill[]): number =>
  fills
    .filter(({ maxBytes }) => Number.isFinite(maxBytes))
    .reduce((sum, { bytes, maxBytes }) => sum + Math.max(0, maxBytes - bytes), 0);

const diskFinding = (fills: readonly StreamFill[], freeBytes: number): Finding => {
  const growth = growthOf(fills);
  const detail = `all streams may grow by ${sizeText(growth)}, ${sizeText(freeBytes)} of the disk are free`;
  if (growth <= freeBytes) return ok('stream room', detail);
  return warn('stream room', detail, 'make room, or lower nats.log_max_bytes: a full disk stops every write');
};

/** How full the streams are, and whether the disk holds them when they are full. */
export const checkRoom = (fills: readonly StreamFill[], freeBytes: number | undefined): readonly Finding[] => {
  const shards = shardsUpTo(SHARDS_MAX);
  const names = new Map([
    ...shards.map((shard) => [logStream(shard), logFinding] as const),
    [EVENTS_STREAM, (fill: StreamFill) => ok('events room', fillText(fill))],
    ...shards.map((shard) => [outputStream(shard), (fill: StreamFill) => ok('output room', fillText(fill))] as const),
  ]);
  const each = [...names].flatMap(([name, finding]) =>
    fills.filter(({ stream }) => stream === name).flatMap((fill) => [finding(fill), ...gapFinding(fill)]),
  );
  return freeBytes === undefined ? each : [...each, diskFinding(fills, freeBytes)];
};
