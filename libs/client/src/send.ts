import { errorOf, MillraceError, UnavailableError } from './errors.ts';

export interface ConnectionOptions {
  /** Address of the server, such as `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  readonly token?: string;
  /** Sent as `X-Workflow-Client`: who calls. Default `millrace-client`. */
  readonly clientName?: string;
  /** How often a call that is safe to repeat is repeated after 429, 503 or no answer. Default 4. */
  readonly retriesMax?: number;
  /** Told before each repetition. */
  readonly onRetry?: (error: MillraceError, delayMs: number) => void;
  readonly fetch?: typeof fetch;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, from `/`. */
  readonly target: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Whether doing it twice is the same as doing it once. */
  readonly isRepeatable: boolean;
  /** Statuses besides 2xx whose body is an answer and no error. */
  readonly accepts?: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

const FIRST_DELAY_MS = 200;
const DELAY_MAX_MS = 10_000;
const RETRIES_DEFAULT = 4;

/** Sends one call and gives the answer unread; errors are thrown. */
export type Send = (call: Call) => Promise<Response>;

const sleep = (delayMs: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, delayMs);
    signal?.addEventListener('abort', stop, { once: true });
  });

/** What the server asked for, else doubling with some chance in it, so that many clients do not come back at once. */
export const retryDelayMs = ({ retryAfterSeconds }: MillraceError, attempt: number): number => {
  if (retryAfterSeconds !== undefined) return Math.min(DELAY_MAX_MS, retryAfterSeconds * 1_000);
  return Math.min(DELAY_MAX_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
};

const isTransient = ({ status }: MillraceError): boolean => [0, 429, 502, 503, 504].includes(status);

const headersOf = ({ token, clientName = 'millrace-client' }: ConnectionOptions, call: Call): Headers => {
  const headers = new Headers({ accept: 'application/json', 'x-workflow-client': clientName });
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  if (call.body !== undefined) headers.set('content-type', 'application/json');
  for (const [name, value] of Object.entries(call.headers ?? {})) if (value !== undefined) headers.set(name, value);
  return headers;
};

const sendOnce = async (options: ConnectionOptions, call: Call): Promise<Response> => {
  const { fetch: send = fetch, baseUrl } = options;
  const { method, body, signal } = call;
  const url = new URL(call.target, baseUrl);
  let response: Response;
  try {
    response = await send(url, {
      method,
      headers: headersOf(options, call),
      redirect: 'error',
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    });
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    throw new UnavailableError(0, 'client.unreachable', `no answer from ${url.origin}`, { cause });
  }
  if (response.ok || call.accepts?.includes(response.status) === true) return response;
  throw errorOf(response, await response.json().catch(() => undefined));
};

/** Sends, and repeats what is safe to repeat after 429, 503 or no answer. */
export const makeSend =
  (options: ConnectionOptions): Send =>
  async (call) => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await sendOnce(options, call);
      } catch (error) {
        const mayRepeat = call.isRepeatable && attempt < (options.retriesMax ?? RETRIES_DEFAULT);
        if (!(error instanceof MillraceError) || !isTransient(error) || !mayRepeat) throw error;
        const delayMs = retryDelayMs(error, attempt);
        options.onRetry?.(error, delayMs);
        await sleep(delayMs, call.signal);
      }
    }
  };
