/**
 * Requests to addresses that strangers chose, without letting them reach what only we can reach.
 *
 * I1 http and https only, without credentials, to allowed ports.
 * I2 a name is resolved once; every address it has is checked, and a connection is made to one of exactly these.
 * I3 redirects are answers, proxies of the environment are not used, connections are not kept.
 * I4 an answer takes at most {@link OutboundOptions.timeoutMs}, of its body at most {@link BODY_BYTES_MAX} are read.
 */
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { type LookupFunction, type Socket } from 'node:net';
import { checkOutboundUrl, type OutboundPolicy, parseAddress, refusalOfAddress } from '@millrace/domain';
import { messageOf, SECOND } from '@millrace/kernel';
import { type Resolve, type ResolvedAddress } from './resolve.ts';

export interface OutboundRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

export interface Answered {
  readonly kind: 'answered';
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** At most {@link BODY_BYTES_MAX}. */
  readonly body: string;
}
/** There was no answer. `aborted`: because the caller gave up, not because of the receiver. */
export interface Unanswered {
  readonly kind: 'unanswered' | 'aborted';
  readonly reason: string;
}
export type OutboundOutcome = Answered | Unanswered;

export interface OutboundOptions {
  readonly policy: OutboundPolicy;
  readonly resolve: Resolve;
  readonly timeoutMs: number;
}

/** Never throws. */
export type OutboundClient = (request: OutboundRequest) => Promise<OutboundOutcome>;

export const BODY_BYTES_MAX = 65_536;
/** The status is what counts: a body that drips is cut off. */
const BODY_PATIENCE_MS = 2 * SECOND;

class Refused extends Error {}

/** I2. A literal address has been checked with the URL. */
const addressesOf = async (url: URL, { policy, resolve }: OutboundOptions): Promise<readonly ResolvedAddress[]> => {
  if (parseAddress(url.hostname) !== undefined) return [];
  const addresses = await resolve(url.hostname);
  if (addresses.length === 0) throw new Refused(`${url.hostname} has no address`);
  for (const { address } of addresses) {
    const range = refusalOfAddress(address, policy.allowedNetworks);
    if (range !== undefined) throw new Refused(`${url.hostname} is at ${address}, which is not public (${range})`);
  }
  return addresses;
};

const lookupOf =
  (addresses: readonly ResolvedAddress[]): LookupFunction =>
  (_hostname, options, callback) => {
    if (options.all === true) callback(null, [...addresses]);
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family ?? 4);
  };

/** I2 again, on what the system says it is connected to: whatever came before, nothing is sent elsewhere. */
const checkConnection = (request: ClientRequest, socket: Socket, policy: OutboundPolicy): void => {
  socket.once('connect', () => {
    const range = refusalOfAddress(socket.remoteAddress ?? '', policy.allowedNetworks);
    if (range !== undefined) request.destroy(new Refused(`connected to an address that is not public (${range})`));
  });
};

const openRequest = (url: URL, addresses: readonly ResolvedAddress[], headers: OutboundRequest['headers']) => {
  const options = { method: 'POST', headers, lookup: lookupOf(addresses), setHost: true };
  // An agent of its own: the global one may be told by the environment to use a proxy.
  return url.protocol === 'https:'
    ? requestHttps(url, { ...options, rejectUnauthorized: true, agent: new HttpsAgent({ keepAlive: false }) })
    : requestHttp(url, { ...options, agent: new HttpAgent({ keepAlive: false }) });
};

const readBody = async (response: IncomingMessage): Promise<string> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const done = (): void => {
      clearTimeout(timer);
      response.destroy();
      resolve(Buffer.concat(chunks).subarray(0, BODY_BYTES_MAX).toString('utf8'));
    };
    const timer = setTimeout(done, BODY_PATIENCE_MS);
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= BODY_BYTES_MAX) done();
    });
    response.once('end', done).once('error', done).once('close', done);
  });

const exchange = async (
  url: URL,
  addresses: readonly ResolvedAddress[],
  { headers, body, signal }: OutboundRequest,
  policy: OutboundPolicy,
): Promise<Answered> => {
  const answer = Promise.withResolvers<IncomingMessage>();
  const request = openRequest(url, addresses, { ...headers, 'content-length': String(Buffer.byteLength(body)) });
  const cut = (): void => void request.destroy(new Error('cut off'));
  signal.addEventListener('abort', cut, { once: true });
  request.once('socket', (socket) => checkConnection(request, socket, policy));
  request.once('response', answer.resolve);
  request.on('error', answer.reject); // also later ones: nobody else listens
  request.end(body);
  try {
    const response = await answer.promise;
    const retryAfter = response.headers['retry-after'];
    return { kind: 'answered', status: response.statusCode ?? 0, retryAfter, body: await readBody(response) };
  } finally {
    signal.removeEventListener('abort', cut);
    request.destroy();
  }
};

const until = async <Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> => {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
};

/** What a person can act on: the code of a system error says more than an empty message of several. */
const reasonOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const message = messageOf(error);
  return message === '' ? (code ?? 'no connection') : message;
};

export const makeOutboundClient =
  (options: OutboundOptions): OutboundClient =>
  async (request) => {
    const late = AbortSignal.timeout(options.timeoutMs);
    const signal = AbortSignal.any([request.signal, late]);
    try {
      const url = new URL(checkOutboundUrl(request.url, options.policy).href);
      const addresses = await until(addressesOf(url, options), signal);
      return await exchange(url, addresses, { ...request, signal }, options.policy);
    } catch (error) {
      if (request.signal.aborted) return { kind: 'aborted', reason: 'the notifier ends' };
      if (late.aborted) return { kind: 'unanswered', reason: `no answer within ${options.timeoutMs / SECOND} s` };
      return { kind: 'unanswered', reason: reasonOf(error) };
    }
  };
