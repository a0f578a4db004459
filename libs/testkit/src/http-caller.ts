/** An answer that has been read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of a JSON body; `undefined` for any other. Tests say what they expect of it. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test's assertion is the check of its type
  readonly json: any;
}

export interface CallOptions {
  /** Sent as JSON; a text is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the platform's; `null` sends none. */
  readonly token?: string | null;
}

type Call = (path: string, options?: CallOptions) => Promise<Answer>;

/** Calls a server as a client does: with a token, the client header, and JSON. */
export interface HttpCaller {
  readonly get: Call;
  readonly post: Call;
  readonly delete: Call;
  readonly call: (method: string, path: string, options?: CallOptions) => Promise<Answer>;
}

const CALL_TIMEOUT_MS = 60_000;

const parse = (text: string, contentType: string | null): unknown =>
  contentType?.includes('json') === true && text !== '' ? JSON.parse(text) : undefined;

export const makeHttpCaller = (url: string, token: string): HttpCaller => {
  const call: HttpCaller['call'] = async (method, path, options = {}) => {
    const bearer = options.token === undefined ? token : options.token;
    const response = await fetch(new URL(path, url), {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      headers: {
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        'x-workflow-client': 'millrace-tests',
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(options.body === undefined
        ? {}
        : { body: typeof options.body === 'string' ? options.body : JSON.stringify(options.body) }),
    });
    const text = await response.text();
    const { status, headers } = response;
    return { status, headers, text, json: parse(text, headers.get('content-type')) };
  };
  return {
    call,
    get: (path, options) => call('GET', path, options),
    post: (path, options) => call('POST', path, options),
    delete: (path, options) => call('DELETE', path, options),
  };
};
