/**
 * Clients behind what a load balancer does: requests go to the gateways in turn, one that cannot be connected to is passed by, and a
 * connection that was closed while it was idle is replaced. Everything else that is not an answer as documented counts as a failed request.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Cluster } from './cluster.ts';

const RETRY_MS = 100;
/** Of a client between two jobs: a slow machine must be able to keep up. */
const PAUSE_MS = 200;
const GIVE_UP_MS = 120_000;
const ANSWER_TIMEOUT_MS = 30_000;

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Nobody took the request: the next gateway may. */
class NotTaken extends Error {}

interface Job {
  readonly path: string;
  readonly body: unknown;
}

const readAnswer = async (response: IncomingMessage): Promise<Answer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() };
};

const post = async (agent: Agent, url: string, headers: Record<string, string>, body: string): Promise<Answer> => {
  const sending = request(url, { method: 'POST', agent, headers, timeout: ANSWER_TIMEOUT_MS });
  sending.on('timeout', () => sending.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)));
  sending.end(body);
  try {
    const [response] = (await once(sending, 'response')) as [IncomingMessage];
    return await readAnswer(response);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const isIdleClosed = code === 'ECONNRESET' && sending.reusedSocket;
    if (code === 'ECONNREFUSED' || isIdleClosed) throw new NotTaken(code, { cause: error });
    throw error;
  }
};

export interface Clients {
  /** Sends jobs from so many clients at once until `enough`, and gives the ids of acknowledged runs. */
  readonly send: (job: Job, enough: (acknowledged: number) => boolean) => Promise<readonly string[]>;
  /** Requests that were neither accepted nor answered 503 with `Retry-After`. */
  readonly failures: readonly string[];
  readonly close: () => void;
}

export const makeClients = (cluster: Cluster, count: number): Clients => {
  const agent = new Agent({ keepAlive: true, maxSockets: count });
  const failures: string[] = [];
  let turn = 0;

  /** One try. @returns the run id, or `undefined` when it has to be sent again. */
  const tryOnce = async ({ path, body }: Job, key: string): Promise<string | undefined> => {
    const urls = cluster.gatewayUrls();
    turn += 1;
    const headers = {
      authorization: `Bearer ${cluster.token}`,
      'x-workflow-client': 'cluster',
      'content-type': 'application/json',
      'idempotency-key': key,
    };
    try {
      const answer = await post(agent, `${urls[turn % urls.length] ?? ''}/run/${path}`, headers, JSON.stringify(body));
      if (answer.status === 202) return (JSON.parse(answer.text) as { run_id: string }).run_id;
      if (answer.status !== 503 || answer.headers['retry-after'] === undefined) {
        failures.push(`${answer.status}: ${answer.text.slice(0, 200)}`);
      }
    } catch (error) {
      if (!(error instanceof NotTaken)) failures.push(String(error));
    }
    return undefined;
  };

  const untilAccepted = async (job: Job): Promise<string> => {
    const key = randomUUID();
    const deadline = performance.now() + GIVE_UP_MS;
    for (;;) {
      const runId = await tryOnce(job, key);
      if (runId !== undefined) return runId;
      if (performance.now() > deadline) throw new Error(`not accepted within ${GIVE_UP_MS} ms`);
      await delay(RETRY_MS);
    }
  };

  return {
    send: async (job, enough) => {
      const accepted: string[] = [];
      const client = async (): Promise<void> => {
        while (!enough(accepted.length)) {
          accepted.push(await untilAccepted(job));
          await delay(PAUSE_MS);
        }
      };
      await Promise.all(Array.from({ length: count }, client));
      return accepted;
    },
    failures,
    close: () => agent.destroy(),
  };
};
