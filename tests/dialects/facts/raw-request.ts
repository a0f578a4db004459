import { once } from 'node:events';
import { type IncomingMessage, request, type OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';

export interface RawRequest {
  readonly method?: string;
  /** A list of values is as many headers. */
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** A request that `fetch` cannot make: its address as it is written, headers that come twice, bodies of GET, bodies in chunks. */
export const rawRequest = async (
  origin: string,
  path: string,
  { method = 'POST', headers = {}, body }: RawRequest = {},
): Promise<{
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}> => {
  const { hostname, port } = new URL(origin);
  const sent = request({ hostname, port, method, path, headers, agent: false });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, text: await text(answer) };
};
