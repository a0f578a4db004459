import { setTimeout as delay } from 'node:timers/promises';
import { type Client } from './client.ts';
import { type Recorder } from './recorder.ts';

const RECONNECT_MS = 100;
const PATIENCE_MS = 300_000;
const NO_MORE = 204;

interface Frame {
  readonly id: string;
  readonly type: string;
}

const frameOf = (text: string): Frame | undefined => {
  const fieldOf = (name: string): string | undefined => new RegExp(`^${name}: ?(.*)$`, 'm').exec(text)?.[1];
  const [id, type] = [fieldOf('id'), fieldOf('event')];
  return id === undefined || type === undefined ? undefined : { id, type };
};

/** The frames of one connection, until it ends or breaks. */
async function* framesOf(response: Response): AsyncGenerator<Frame> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true });
    for (let end = rest.indexOf('\n\n'); end !== -1; end = rest.indexOf('\n\n')) {
      const frame = frameOf(rest.slice(0, end));
      rest = rest.slice(end + 2);
      if (frame !== undefined) yield frame;
    }
  }
}

/** Follows a run to its end as an `EventSource` does: whenever the connection breaks it comes back with the last id that it saw. */
export const followStream = async ({ url, headers }: Client, { saw }: Recorder, runId: string): Promise<void> => {
  const deadline = performance.now() + PATIENCE_MS;
  let last: string | undefined;
  while (performance.now() < deadline) {
    try {
      const response = await fetch(`${url}/runs/${runId}/events`, {
        headers: { ...headers, accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (response.status === NO_MORE) return;
      if (response.ok) {
        for await (const { id, type } of framesOf(response)) {
          if (type === 'lagged') break;
          saw('streams', { runId, id, type });
          last = id;
          if (type === 'complete') return;
        }
      } else await response.body?.cancel();
    } catch {
      // the connection broke
    }
    await delay(RECONNECT_MS);
  }
  throw new Error(`the stream of ${runId} did not come to its end`);
};
