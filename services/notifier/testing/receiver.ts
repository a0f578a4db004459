import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A request as a receiver got it. */
export interface Received {
  readonly at: number;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: () => readonly Received[];
  readonly close: () => Promise<void>;
}

export type Answer = (request: Received, response: ServerResponse, count: number) => void;

/** A receiver of webhooks on loopback. It answers 204 unless told otherwise. */
export const startReceiver = async (
  answer: Answer = (_request, response) => response.writeHead(204).end(),
): Promise<Receiver> => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const take = async (): Promise<void> => {
      const body = await text(request);
      const taken = { at: Date.now(), url: request.url ?? '', headers: request.headers, body };
      received.push(taken);
      answer(taken, response, received.length);
    };
    take().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received: () => [...received],
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
