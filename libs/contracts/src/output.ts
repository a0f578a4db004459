import { type Static, Type } from 'typebox';

/** A piece of what a run wrote. Chunks of many runs travel packed in one message of the stream `LOGS`. */
export const OutputChunkSchema = Type.Object({
  runId: Type.String(),
  attempt: Type.Integer({ minimum: 1 }),
  /** Counts from 0 within the attempt. */
  index: Type.Integer({ minimum: 0 }),
  stream: Type.Union([Type.Literal('stdout'), Type.Literal('stderr'), Type.Literal('log')]),
  time: Type.String(),
  text: Type.String(),
});
export type OutputChunk = Static<typeof OutputChunkSchema>;
