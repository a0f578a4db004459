import { type Credentials, type PresentedToken } from '../../dialect.ts';
import { type InboundRequest } from '../../inbound-request.ts';

const SCHEME = 'Bearer ';

const bearerOf = (request: InboundRequest): string | undefined => {
  const header = request.header('authorization');
  return header?.startsWith(SCHEME) === true && header.length > SCHEME.length ? header.slice(SCHEME.length) : undefined;
};

const cookieOf = (request: InboundRequest): string | undefined =>
  /(?:^|;)\s*token=([^;]+)/.exec(request.header('cookie') ?? '')?.[1]?.trim();

const token = (text: string | undefined, source: PresentedToken['source']): readonly PresentedToken[] =>
  text === undefined || text === '' ? [] : [{ text, source }];

/** Header, else cookie, else query: the first that is there counts. */
export const tokensOf = (request: InboundRequest): Credentials => ({
  tokens: [
    ...token(bearerOf(request), 'header'),
    ...token(cookieOf(request), 'cookie'),
    ...token(request.query('token'), 'query'),
  ],
  keys: [],
});

/** `user:password`, and the password alone. */
const basicKeys = (request: InboundRequest): readonly string[] => {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(request.header('authorization') ?? '')?.[1];
  if (encoded === undefined) return [];
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  return [pair, pair.slice(pair.indexOf(':') + 1)];
};

/** Of custom routes: a key may stand in a header for keys, or be the password of basic authentication. */
export const keysOf =
  (headers: readonly string[]) =>
  (request: InboundRequest): Credentials => {
    const { tokens } = tokensOf(request);
    const named = headers.flatMap((name) => request.header(name.toLowerCase()) ?? []);
    const bearer = tokens.filter(({ source }) => source === 'header').map(({ text }) => text);
    return { tokens, keys: [...named, ...bearer, ...basicKeys(request)] };
  };
