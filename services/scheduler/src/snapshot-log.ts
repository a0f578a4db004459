import { type StreamAnchor } from '@millrace/eventlog';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { type Measures } from './request-store.ts';

const SnapshotLogSchema = Type.Object({
  shard: Type.Integer({ minimum: 0 }),
  /** The last commit that was folded, and when the log stored it. */
  sequence: Type.Integer({ minimum: 1 }),
  storedAt: Type.Number(),
  requestBytes: Type.Number({ minimum: 0 }),
  endBytes: Type.Number({ minimum: 0 }),
});
const snapshotLogs = Compile(SnapshotLogSchema);

/** Of which log a snapshot is, up to where, and what else was learned from it. */
export type SnapshotLog = Readonly<Static<typeof SnapshotLogSchema>>;

export const describeLog = (shard: number, anchor: StreamAnchor, measures: Measures): SnapshotLog => ({
  shard,
  sequence: anchor.sequence,
  storedAt: anchor.storedAt ?? 0,
  ...measures,
});

/** `undefined` when it is something else. */
export const parseSnapshotLog = (value: unknown): SnapshotLog | undefined =>
  snapshotLogs.Check(value) ? value : undefined;
