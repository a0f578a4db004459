import { randomUUID } from 'node:crypto';
import { type Client } from './client.ts';
import { followStream } from './follow-stream.ts';
import { type Recorder } from './recorder.ts';

export interface Load {
  readonly client: Client;
  readonly recorder: Recorder;
  readonly runs: number;
  /** 16 by default. */
  readonly clients?: number;
  /** Called after each acknowledgement with how many there are. */
  readonly onAcknowledged?: (count: number) => void;
  /** Ends the load early. */
  readonly signal?: AbortSignal;
}

const CYCLE = 20;
const WAIT_S = 20;

/** Of twenty requests: twelve that do not wait, three that do, three that follow their run, two that repeat themselves. */
const oneOf = async ({ client, recorder }: Load, index: number): Promise<readonly string[]> => {
  const workflow = index % 2 === 0 ? 'witness/script' : 'witness/module';
  const kind = index % CYCLE;
  if (kind < 12) return [await client.start(workflow)];
  if (kind < 15) return [await client.start(workflow, { wait: WAIT_S })];
  const key = randomUUID();
  const runId = await client.start(workflow, { key });
  if (kind < 18) await followStream(client, recorder, runId);
  else await client.start(workflow, { key });
  return [runId];
};

/** Sends a mix of requests from several clients at once; gives the ids of the runs. */
export const sendMix = async (load: Load): Promise<readonly string[]> => {
  const { runs, clients = 16, onAcknowledged, signal } = load;
  const ids: string[] = [];
  let sent = 0;
  const one = async (): Promise<void> => {
    while (sent < runs && signal?.aborted !== true) {
      sent += 1;
      ids.push(...(await oneOf(load, sent)));
      onAcknowledged?.(ids.length);
    }
  };
  await Promise.all(Array.from({ length: clients }, one));
  return ids;
};
