import { decodeState } from '../src/admission/restore-snapshot.ts';
import { type SchedulerState } from '../src/admission/scheduler-state.ts';
import { encodeState, freezeState, type FrozenState } from '../src/admission/snapshot.ts';

export const bytesOf = (frozen: FrozenState): Uint8Array => {
  const pieces = [...encodeState(frozen, { position: 1 })];
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
};

/** What a snapshot of the state tells. */
export const restored = (state: SchedulerState): SchedulerState =>
  decodeState(bytesOf(freezeState(state)), state.limits).state;
