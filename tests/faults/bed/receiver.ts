import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { type FaultBed } from './fault-bed.ts';

/** Lets receivers on loopback be reached. */
export const ALLOW_LOOPBACK = { MILLRACE_NOTIFIER_ALLOW_PRIVATE: '127.0.0.0/8' };

/** @param count how many messages have come so far, this one included */
export type Answering = (response: ServerResponse, count: number) => void;

export interface Receiver {
  readonly endpoint: string;
  readonly id: string;
  readonly url: string;
  readonly count: () => number;
  readonly close: () => Promise<void>;
}

export interface ReceiverOptions {
  readonly endpoint: string;
  /** 204 by default. */
  readonly answer?: Answering;
  /** Registered in the place of the receiver's own address. */
  readonly url?: (port: number) => string;
  readonly events?: readonly string[];
}

const NAME = /^dev\.millrace\.run\.(.+)\.v1$/;

/** A receiver of webhooks on loopback that writes down what it gets, and is registered for the ends of runs. */
export const startReceiver = async (
  { recorder, platform }: FaultBed,
  { endpoint, answer = (response) => response.writeHead(204).end(), url, events = ['run.ended'] }: ReceiverOptions,
): Promise<Receiver> => {
  let count = 0;
  let verify: (body: string, headers: IncomingMessage['headers']) => boolean = () => false;
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const { type = '', subject = '' } = JSON.parse(body) as { readonly type?: string; readonly subject?: string };
    count += 1;
    recorder.saw('receiver', {
      at: Date.now(),
      endpoint,
      id: String(request.headers['webhook-id']),
      runId: subject,
      event: NAME.exec(type)?.[1] ?? type,
      bodyHash: createHash('sha256').update(body).digest('hex'),
      isSigned: verify(body, request.headers),
    });
    answer(response, count);
  };
  const server = createServer((request, response) => void take(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const address = url?.(port) ?? `http://127.0.0.1:${port}/hook`;
  const { status, json, text: answered } = await platform.http.post('/webhooks', { body: { url: address, events } });
  if (status !== 201) throw new Error(`POST /webhooks answered ${status}: ${answered}`);
  const { id, secret } = json as { readonly id: string; readonly secret: string };
  verify = (body, headers) => {
    try {
      new Webhook(secret).verify(body, headers as Record<string, string>);
      return true;
    } catch {
      return false;
    }
  };
  return {
    endpoint,
    id,
    url: address,
    count: () => count,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
