import { type InboundRequest, type MultipartBody, type Pair } from '../src/inbound-request.ts';

export interface RequestParts {
  readonly method?: string;
  readonly path?: string;
  readonly params?: Readonly<Record<string, string>>;
  /** As written, without `?`. */
  readonly search?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly multipart?: MultipartBody;
}

const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

const pairsOf = (search: string): readonly Pair[] =>
  search
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const [name = '', ...value] = part.split('=');
      return [decode(name), decode(value.join('='))] as const;
    });

/** A request as the gateway would hand it to a dialect. */
export const anInboundRequest = (parts: RequestParts = {}): InboundRequest => {
  const { method = 'POST', path = '/', params = {}, search = '', headers = {}, body = '', multipart } = parts;
  const pairs = pairsOf(search);
  return {
    method,
    path,
    params,
    search,
    query: (name) => pairs.find(([known]) => known === name)?.[1],
    queryPairs: () => pairs,
    header: (name) => headers[name],
    headerPairs: () => Object.entries(headers),
    body: new TextEncoder().encode(body),
    text: () => body,
    multipart,
    from: '127.0.0.1',
  };
};
