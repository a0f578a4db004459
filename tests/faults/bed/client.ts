/** A client that means what it asks: it repeats a request under its key until it is acknowledged, and writes down each answer. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type ClientSaw } from '../checker/observations.ts';
import { type Recorder } from './recorder.ts';

export interface Address {
  readonly url: string;
  readonly token: string;
}

export interface Client {
  /**
   * Asks until it is told that the run is recorded; gives the id of the run.
   *
   * @throws when that takes longer than five minutes, the answer makes no sense, or the client is closed
   */
  readonly start: (workflow: string, options?: StartOptions) => Promise<string>;
  /** One try; what it saw. */
  readonly ask: (workflow: string, options?: StartOptions) => Promise<ClientSaw>;
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
}

export interface StartOptions {
  readonly key?: string;
  /** Seconds to wait for the outcome; 0 by default. */
  readonly wait?: number;
  /** Besides the key. */
  readonly input?: Readonly<Record<string, unknown>>;
  readonly timeoutMs?: number;
}

const RETRY_MS = 50;
const PATIENCE_MS = 300_000;
const ASK_TIMEOUT_MS = 5_000;

interface Answer {
  readonly run_id?: string;
  readonly code?: string;
}

const ACKNOWLEDGED: ReadonlySet<number> = new Set([200, 202]);
const REFUSED: ReadonlySet<number> = new Set([429, 503]);
/** The gateway did not get the whole request in time: it took nothing, and a busy machine is to blame. */
const TOO_SLOW = 408;
/** 503 of this code says that the request may or may not have been recorded. */
const UNKNOWN_CODES: ReadonlySet<string> = new Set(['log.unknown_outcome']);

const outcomeOf = (status: number, { code = '' }: Answer): ClientSaw['outcome'] => {
  if (ACKNOWLEDGED.has(status)) return 'acknowledged';
  return REFUSED.has(status) && !UNKNOWN_CODES.has(code) ? 'refused' : 'unknown';
};

/** @param closed once it is aborted, whoever still asks gives up */
export const makeClient = ({ url, token }: Address, { saw }: Recorder, closed: AbortSignal): Client => {
  const headers = { authorization: `Bearer ${token}`, 'x-workflow-client': 'faults' };

  const fetchOnce = async (workflow: string, options: StartOptions & { readonly key: string }): Promise<ClientSaw> => {
    const { key, wait = 0, input, timeoutMs = ASK_TIMEOUT_MS + 1_000 * wait } = options;
    const begun = performance.now();
    const seen = (rest: Omit<ClientSaw, 'at' | 'key' | 'tookMs'>): ClientSaw => ({
      at: Date.now(),
      key,
      ...rest,
      tookMs: Math.round(performance.now() - begun),
    });
    try {
      const response = await fetch(`${url}/run/${workflow}${wait === 0 ? '' : `?wait=${wait}`}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify({ input: { key, ...input } }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await response.text();
      const { status } = response;
      const answer: Answer = text.startsWith('{') ? (JSON.parse(text) as Answer) : {};
      return seen({
        outcome: outcomeOf(status, answer),
        status,
        ...(answer.code === undefined ? {} : { code: answer.code }),
        ...(answer.run_id === undefined ? {} : { runId: answer.run_id }),
        ...(REFUSED.has(status) ? { retryAfter: response.headers.has('retry-after') } : {}),
      });
    } catch {
      return seen({ outcome: 'unknown' });
    }
  };

  const ask: Client['ask'] = async (workflow, options = {}) => {
    const { key = randomUUID() } = options;
    const answer = await fetchOnce(workflow, { ...options, key });
    saw('clients', answer);
    const { status = 503 } = answer;
    if (status < 500 && !ACKNOWLEDGED.has(status) && !REFUSED.has(status) && status !== TOO_SLOW)
      throw new Error(`${workflow} was answered ${status} ${answer.code ?? ''}`);
    return answer;
  };

  const start: Client['start'] = async (workflow, options = {}) => {
    const { key = randomUUID() } = options;
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      closed.throwIfAborted();
      const { outcome, runId } = await ask(workflow, { ...options, key });
      if (outcome === 'acknowledged' && runId !== undefined) return runId;
      if (performance.now() > deadline) throw new Error(`${workflow} was not acknowledged within ${PATIENCE_MS} ms`);
      await delay(RETRY_MS);
    }
  };
  return { start, ask, headers, url };
};
