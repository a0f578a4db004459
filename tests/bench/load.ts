/**
 * Closed-loop HTTP load over keep-alive connections, in a process of its own: `node load.ts '<LoadOrder as JSON>'`
 * prints one {@link LoadResult} as JSON. Raw sockets, because an HTTP client costs more than what is measured.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface LoadOrder {
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
  /** Requests in all; the load also ends after `timeLimitMs`. */
  readonly requests: number;
  readonly timeLimitMs: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Count of answers by HTTP status. */
  readonly statuses: Readonly<Record<string, number>>;
}

const HEADER_END = Buffer.from('\r\n\r\n');

/** Length of the first whole response in `data`, or 0 while it is incomplete. */
const responseLength = (data: Buffer): number => {
  const headerEnd = data.indexOf(HEADER_END);
  if (headerEnd < 0) return 0;
  const match = /content-length: *(\d+)/i.exec(data.toString('latin1', 0, headerEnd));
  const length = headerEnd + HEADER_END.length + Number(match?.[1] ?? 0);
  return data.length >= length ? length : 0;
};

const requestBytes = ({ url, path, headers, body }: LoadOrder): Buffer => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = Buffer.byteLength(body);
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: ${new URL(url).host}\r\n${lines.join('')}content-length: ${length}\r\n\r\n${body}`,
  );
};

const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/** After the time limit, for answers that are under way. */
const LAST_ANSWERS_MS = 20_000;

/** Sends until the order is filled or its time is up. @throws when a connection breaks, or answers stay away for 20 s after the end. */
export const load = async (order: LoadOrder): Promise<LoadResult> => {
  const bytes = requestBytes(order);
  const { hostname, port } = new URL(order.url);
  const latencies = new Float64Array(order.requests);
  const statuses: Record<string, number> = {};
  let begin = performance.now();
  let deadline = begin + order.timeLimitMs;
  let sent = 0;
  let answered = 0;

  const drive = (socket: Socket): Promise<void> =>
    new Promise((resolve, reject) => {
      let pending: Buffer = Buffer.alloc(0);
      let startedAt = 0;
      const next = (): void => {
        if (sent >= order.requests || performance.now() > deadline) {
          socket.end();
          resolve();
          return;
        }
        sent += 1;
        startedAt = performance.now();
        socket.write(bytes);
      };
      socket.on('data', (data: Buffer) => {
        pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
        const length = responseLength(pending);
        if (length === 0) return;
        const status = pending.toString('latin1', 9, 12);
        statuses[status] = (statuses[status] ?? 0) + 1;
        pending = pending.subarray(length);
        latencies[answered] = performance.now() - startedAt;
        answered += 1;
        next();
      });
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the server closed a connection')));
      next();
    });

  const sockets = Array.from({ length: order.connections }, () =>
    connect({ host: hostname, port: Number(port), noDelay: true }),
  );
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('not all answers came')), order.timeLimitMs + LAST_ANSWERS_MS);
  const run = async (): Promise<void> => {
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    begin = performance.now(); // connecting is not what is measured
    deadline = begin + order.timeLimitMs;
    await Promise.all(sockets.map(drive));
  };
  await Promise.race([run(), late.promise]);
  clearTimeout(timer);
  const seconds = (performance.now() - begin) / 1_000;
  const sorted = latencies.slice(0, answered).sort();
  return {
    requests: answered,
    seconds,
    perSecond: answered / seconds,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    statuses,
  };
};

if (import.meta.main) {
  const order = JSON.parse(process.argv[2] ?? '{}') as LoadOrder;
  process.stdout.write(`${JSON.stringify(await load(order))}\n`);
}
