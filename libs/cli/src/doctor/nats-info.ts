import { once } from 'node:events';
import { connect } from 'node:net';

export interface NatsInfo {
  readonly version: string;
  readonly jetstream: boolean;
}

const TIMEOUT_MS = 2_000;
const DEFAULT_PORT = 4222;

/** What a nats-server says of itself to anyone who connects: the first line it sends. */
export const readNatsInfo = async (url: string): Promise<NatsInfo> => {
  const { hostname, port } = new URL(url.split(',')[0] ?? '');
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? DEFAULT_PORT : Number(port) });
  try {
    socket.setEncoding('utf8');
    let text = '';
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    while (!text.includes('\n')) text += String((await once(socket, 'data', { signal }))[0]);
    const info = JSON.parse(/^INFO (\{.*\})\s/.exec(text)?.[1] ?? '{}') as {
      readonly version?: string;
      readonly jetstream?: boolean;
    };
    return { version: info.version ?? 'unknown', jetstream: info.jetstream === true };
  } finally {
    socket.destroy();
  }
};
