import { type Static, Type } from 'typebox';

/** Requests that reached a trigger and started no run of their own. */
export const INBOX_STREAM = 'REQUESTS';
export const inboxSubject = (shard: number): string => `requests.${shard}.refused`;

/** Characters of a body that are kept of one request. */
export const INBOX_BODY_BYTES_MAX = 65_536;

const Pairs = Type.Array(Type.Tuple([Type.String(), Type.String()]));

/**
 * A request that reached a trigger and was refused, filtered, a challenge, or the repeat of another. Without credentials: what may hold one is
 * `***`, keys in the path as well.
 */
export const InboxRecordSchema = Type.Object({
  /** UUIDv7, as those of runs: both are in one order. */
  id: Type.String(),
  /** RFC 3339. */
  time: Type.String(),
  workspace: Type.String(),
  workflow: Type.String(),
  dialect: Type.String(),
  /** Id of the trigger; `*` when several share the address and none of them was meant. */
  trigger: Type.String(),
  /** `refused`: an error · `filtered`: a condition is false · `duplicate`: answered with the run of the first one · `challenge`: answered, without a run. */
  outcome: Type.Enum(['refused', 'filtered', 'duplicate', 'challenge']),
  /** Code of the error, else the outcome. */
  code: Type.String(),
  reason: Type.String(),
  /** `token`, `key`, `signature:github`, `public`; `none` when nothing was shown. */
  verified: Type.String(),
  method: Type.String(),
  path: Type.String(),
  /** Pattern of the address, and its parameters. */
  route: Type.String(),
  params: Type.Record(Type.String(), Type.String()),
  query: Pairs,
  headers: Pairs,
  /** Absent when there was none or it was not read. */
  body: Type.Optional(
    Type.Object({
      text: Type.String(),
      encoding: Type.Enum(['utf8', 'base64']),
      /** True when more came than is kept. */
      cut: Type.Boolean(),
    }),
  ),
  /** Size of the whole body. */
  bodyBytes: Type.Integer(),
  from: Type.String(),
  /** Id by which the sender names this delivery. */
  delivery: Type.Optional(Type.String()),
  /** The run of the first request, for a duplicate. */
  run: Type.Optional(Type.String()),
});
export type InboxRecord = Static<typeof InboxRecordSchema>;
export type InboxOutcome = InboxRecord['outcome'];
