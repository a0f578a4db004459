const FLUSH_BYTES = 65_536;

/**
 * Sends one JSON line for each message: what is sent within one turn of the event loop travels in one write.
 * A string is JSON text already. With {@link makeLineSplitter} the whole protocol between the executor and its child processes.
 */
export const makeLineSender = (write: (text: string) => void): ((message: object | string) => void) => {
  let buffered = '';
  const flush = (): void => {
    const text = buffered;
    buffered = '';
    if (text !== '') write(text);
  };
  return (message) => {
    if (buffered === '') setImmediate(flush);
    buffered += `${typeof message === 'string' ? message : JSON.stringify(message)}\n`;
    if (buffered.length > FLUSH_BYTES) flush();
  };
};

/** Takes pieces of text and calls back for each complete line that is not empty. */
export const makeLineSplitter = (onLine: (line: string) => void): ((text: string) => void) => {
  let rest = '';
  return (text) => {
    const lines = text.split('\n');
    if (lines.length === 1) {
      rest += text;
      return;
    }
    lines[0] = rest + (lines[0] ?? '');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  };
};
