import { type Credentials } from '../../dialect.ts';
import { type InboundRequest } from '../../inbound-request.ts';

/** With any number of `Bearer ` before it, or none: clients of the first servers send the bare token. */
const bare = (header: string | undefined): string | undefined => {
  const text = header?.trim().replace(/^(?:bearer\s+)+/i, '');
  return text === '' ? undefined : text;
};

/** `x-flow-like-authorization` is there for callers whose `Authorization` belongs to something in between: it counts first. */
export const sinkCredentials = (request: Pick<InboundRequest, 'header'>): Credentials => {
  const texts = [bare(request.header('x-flow-like-authorization')), bare(request.header('authorization'))].filter(
    (text) => text !== undefined,
  );
  return { tokens: texts.map((text) => ({ text, source: 'header' })), keys: texts };
};
