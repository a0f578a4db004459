import { type InboundRequest, type MultipartBody, type Pair } from '../src/inbound-request.ts';

export interface WrittenRequest {
  readonly method?: string;
  /** As written, with its query. */
  readonly url?: string;
  readonly params?: Readonly<Record<string, string>>;
  /** Names as the client spells them. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly multipart?: MultipartBody;
}

/** A request as the gateway would bring it. */
export const inbound = ({
  method = 'POST',
  url = '/',
  params = {},
  headers = {},
  body = '',
  multipart,
}: WrittenRequest): InboundRequest => {
  const [path = '', search = ''] = url.split('?');
  const queryPairs: readonly Pair[] = [...new URLSearchParams(search)];
  const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    method,
    path,
    params,
    search,
    query: (name) => queryPairs.find(([known]) => known === name)?.[1],
    queryPairs: () => queryPairs,
    header: (name) => byName.get(name),
    headerPairs: () => Object.entries(headers),
    body: new TextEncoder().encode(body),
    text: () => body,
    multipart,
    from: '127.0.0.1',
  };
};
