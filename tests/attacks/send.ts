import { type OutgoingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';

/** A request as it goes over the wire: nothing is added but what HTTP itself needs. */
export interface PlainRequest {
  readonly method?: string;
  /** Sent as it is written. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** Address to call from; all of 127.0.0.0/8 is this machine. One of its own keeps guesses apart from those of other tests. */
  readonly from?: string;
}

export interface PlainAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

const TIMEOUT_MS = 30_000;

/** Sends what no well-behaved client would. */
export const send = (url: string, { method = 'GET', path, headers = {}, body, from }: PlainRequest) =>
  new Promise<PlainAnswer>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const call = request({
      hostname,
      port,
      method,
      path,
      headers: {
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      } as OutgoingHttpHeaders,
      agent: false,
      timeout: TIMEOUT_MS,
      ...(from === undefined ? {} : { localAddress: from }),
    });
    call.on('response', (response) => {
      const { statusCode: status = 0, headers: answered } = response;
      text(response).then((answer) => resolve({ status, headers: answered, text: answer }), reject);
    });
    call.on('timeout', () => call.destroy(new Error(`${method} ${path}: no answer within ${TIMEOUT_MS} ms`)));
    call.on('error', reject);
    call.end(body);
  });

/** Another address of this machine at every call. */
export const makeAddresses = (network: number): (() => string) => {
  let last = 0;
  return () => {
    last += 1;
    return `127.${network}.${Math.floor(last / 250)}.${(last % 250) + 1}`;
  };
};
