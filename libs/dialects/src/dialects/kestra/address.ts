/** Addresses of webhooks. Segments are read as they were written: a key may hold whatever can be percent-encoded. */
import { type Credentials } from '../../dialect.ts';
import { type InboundRequest } from '../../inbound-request.ts';

const KEY_LENGTH_MAX = 256;

/** What an address names; a part that is missing is empty. */
export interface WebhookAddress {
  readonly tenant: string | undefined;
  readonly namespace: string;
  readonly flow: string;
  readonly key: string;
  /** True when further segments follow, even an empty one. */
  readonly hasMore: boolean;
}

const decode = (segment: string): string => {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
};

export const readAddress = ({ path }: Pick<InboundRequest, 'path'>): WebhookAddress => {
  const [head = '', tail = ''] = path.split('/executions/webhook/', 2);
  const [namespace = '', flow = '', key = '', ...more] = tail.split('/').map(decode);
  const [, , , tenant] = head.split('/');
  return { tenant, namespace, flow, key, hasMore: more.length > 0 };
};

/** The key in the address. */
export const webhookCredentials = (request: InboundRequest): Credentials => {
  const { key, hasMore } = readAddress(request);
  const isKey = key !== '' && key.length <= KEY_LENGTH_MAX && !hasMore;
  return { tokens: [], keys: isKey ? [key] : [] };
};

/** Clients of the source sign in with a name and a password; the password is a token. */
export const readerCredentials = (request: InboundRequest): Credentials => {
  const [, scheme = '', text = ''] = /^(Bearer|Basic)\s+(.+)$/i.exec(request.header('authorization') ?? '') ?? [];
  if (text === '') return { tokens: [], keys: [] };
  const decoded = scheme.toLowerCase() === 'basic' ? Buffer.from(text, 'base64').toString() : `:${text}`;
  return { tokens: [{ text: decoded.slice(decoded.indexOf(':') + 1), source: 'header' }], keys: [] };
};
