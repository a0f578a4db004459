const TAIL_CHARACTERS = 4_096;

export interface OutputTail {
  readonly add: (chunk: Buffer | string) => void;
  readonly text: () => string;
}

/** Remembers the last 4 KiB of what a program printed, to say why it failed. */
export const makeOutputTail = (): OutputTail => {
  let kept = '';
  return {
    add: (chunk) => {
      kept = (kept + chunk.toString('utf8')).slice(-TAIL_CHARACTERS);
    },
    text: () => kept,
  };
};
