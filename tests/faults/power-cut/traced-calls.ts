/** Reads what `strace -f -xx` wrote. A call of one thread may begin, others come and go, and only then it ends. */

export interface TracedCall {
  readonly thread: string;
  readonly name: string;
  /** Strings in the order of the arguments. */
  readonly strings: readonly Buffer[];
  /** Everything between the parentheses, without the strings. */
  readonly numbers: string;
  /** -1 when it failed; `undefined` at its beginning. */
  readonly result: number | undefined;
}

export interface CallReader {
  /** Before anything of the call has happened. */
  readonly onBegin: (call: TracedCall) => void;
  /** It is over. */
  readonly onEnd: (call: TracedCall) => void;
}

const UNFINISHED = ' <unfinished ...>';

/** Splits at quotes: all text is in hexadecimal, so that none of them is within a string. */
const parseCall = (thread: string, text: string): TracedCall | undefined => {
  const open = text.indexOf('(');
  const parts = text.slice(open + 1).split('"');
  const outside = parts.filter((_, index) => index % 2 === 0).join('');
  const inside = parts.filter((_, index) => index % 2 === 1);
  if (open === -1) return undefined;
  const result = /\)\s+= (-?\d+)/.exec(outside)?.[1];
  return {
    thread,
    name: text.slice(0, open),
    strings: inside.map((hexadecimal) => Buffer.from(hexadecimal.replaceAll(String.raw`\x`, ''), 'hex')),
    numbers: outside,
    result: result === undefined ? undefined : Number(result),
  };
};

/** Tells every call from the first one to the last whole line, in the order in which they began and ended. */
export const readTracedCalls = (trace: string, { onBegin, onEnd }: CallReader): void => {
  const begun = new Map<string, string>();
  const report = (thread: string, text: string, told: (call: TracedCall) => void): void => {
    const call = parseCall(thread, text);
    if (call !== undefined) told(call);
  };
  for (const line of trace.slice(0, trace.lastIndexOf('\n') + 1).split('\n')) {
    const space = line.indexOf(' ');
    const [thread, text] = [line.slice(0, space), line.slice(space).trim()];
    const resumed = /^<\.\.\. \w+ resumed>/.exec(text)?.[0];
    if (text.startsWith('+++') || text.startsWith('---')) continue;
    if (resumed !== undefined) {
      report(thread, `${begun.get(thread) ?? ''}${text.slice(resumed.length)}`, onEnd);
    } else if (text.endsWith(UNFINISHED)) {
      begun.set(thread, text.slice(0, -UNFINISHED.length));
      report(thread, text, onBegin);
    } else {
      report(thread, text, onBegin);
      report(thread, text, onEnd);
    }
  }
};
