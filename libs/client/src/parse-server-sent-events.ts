/** One message of an event stream. */
export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** What arrived of the message that is not complete yet. */
interface Draft {
  id: string | undefined;
  event: string;
  data: string[];
}

const emptyDraft = (): Draft => ({ id: undefined, event: 'message', data: [] });

const readField = (line: string, draft: Draft): void => {
  const colon = line.indexOf(':');
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
  if (name === 'data') draft.data.push(value);
  else if (name === 'event') draft.event = value;
  else if (name === 'id' && !value.includes('\0')) draft.id = value;
};

/** Lines of a byte stream, however it is cut; ended by CRLF, LF or CR. */
async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    // A CR at the end may be half of a CRLF.
    const isCut = rest.endsWith('\r');
    const lines = (isCut ? rest.slice(0, -1) : rest).split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? '') + (isCut ? '\r' : '');
    yield* lines;
  }
}

/**
 * The messages of an event stream; an unfinished one at its end is dropped, comments are passed over.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* parseServerSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  let draft = emptyDraft();
  for await (const line of linesOf(body)) {
    if (line !== '') readField(line, draft);
    else {
      if (draft.data.length > 0) yield { id: draft.id, event: draft.event, data: draft.data.join('\n') };
      draft = emptyDraft();
    }
  }
}
