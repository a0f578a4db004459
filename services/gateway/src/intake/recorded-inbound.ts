import { type InboxRecord } from '@millrace/contracts';
import { type Entry } from './entry.ts';

const last = (pairs: InboxRecord['headers'], matches: (name: string) => boolean): string | undefined => {
  const values = pairs.filter(([name]) => matches(name)).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
};

/** A request of the inbox as dialects see one: what was redacted stays so. */
export const recordedInbound = (record: InboxRecord): Entry['inbound'] => {
  const { method, path, params, query, headers, body, from } = record;
  const bytes = body === undefined ? new Uint8Array() : Buffer.from(body.text, body.encoding);
  return {
    method,
    path,
    params,
    from,
    search: new URLSearchParams(query).toString(),
    query: (wanted) => query.find(([name]) => name === wanted)?.[1],
    queryPairs: () => query,
    header: (wanted) => last(headers, (name) => name.toLowerCase() === wanted),
    headerPairs: () => headers,
    body: bytes,
    text: () => Buffer.from(bytes).toString('utf8'),
    multipart: undefined,
    sealer: undefined,
  };
};
