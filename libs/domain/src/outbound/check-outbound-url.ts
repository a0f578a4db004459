import { AppError } from '@millrace/kernel';
import { type Network, parseAddress, parseNetwork } from './network.ts';
import { refusalOfAddress } from './refuse-address.ts';

/** What is read of a URL; the standard `URL` has all of it. */
export interface ParsedUrl {
  readonly href: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
  readonly username: string;
  readonly password: string;
}

/** The standard parser of every JavaScript platform: this package is compiled without the types of any. */
declare const URL: new (text: string) => ParsedUrl;

/** Where requests may be sent. */
export interface OutboundPolicy {
  /** From and to, both included. */
  readonly ports: readonly (readonly [number, number])[];
  /** Ranges that are not public and allowed nevertheless. */
  readonly allowedNetworks: readonly Network[];
}

/** Web ports, and what unprivileged servers listen on; below 1024 live the protocols that a request could be mistaken for. */
export const OUTBOUND_PORTS_DEFAULT: readonly string[] = ['80', '443', '1024-65535'];
const PORT_MAX = 65_535;

/** @throws AppError `invalid` `ports.invalid` when the text is neither `443` nor `1024-65535`. */
export const parsePortRange = (text: string): readonly [number, number] => {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text.trim());
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (match !== null && from >= 1 && from <= to && to <= PORT_MAX) return [from, to];
  throw new AppError('invalid', 'ports.invalid', `"${text}" is no port or range: write 443 or 1024-65535`);
};

/** @param ports none: {@link OUTBOUND_PORTS_DEFAULT}. @throws AppError `invalid` `ports.invalid`, `network.invalid`. */
export const parseOutboundPolicy = (ports: readonly string[], allowPrivate: readonly string[]): OutboundPolicy => ({
  ports: (ports.length === 0 ? OUTBOUND_PORTS_DEFAULT : ports).map(parsePortRange),
  allowedNetworks: allowPrivate.map(parseNetwork),
});

const refused = (reason: string, cause?: unknown): AppError =>
  new AppError('invalid', 'webhook.url_refused', `this address is refused: ${reason}`, { cause });

const parseUrl = (text: string): ParsedUrl => {
  try {
    return new URL(text);
  } catch (cause) {
    throw refused('it is not a URL', cause);
  }
};

const DEFAULT_PORT: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** The address in a URL's host, without brackets; `undefined` for a name. */
const literalOf = ({ hostname }: ParsedUrl): string | undefined => {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return parseAddress(bare) === undefined ? undefined : bare;
};

/**
 * The URL, when requests may be sent there as far as its text tells: http or https, no credentials, an allowed port, and no address in a
 * range that is not public. A name must be resolved and every one of its addresses checked before a connection is made.
 *
 * @throws AppError `invalid` `webhook.url_refused` with the reason.
 */
export const checkOutboundUrl = (text: string, { ports, allowedNetworks }: OutboundPolicy): ParsedUrl => {
  const url = parseUrl(text);
  const defaultPort = DEFAULT_PORT[url.protocol];
  if (defaultPort === undefined) throw refused('only http and https are allowed');
  if (url.username !== '' || url.password !== '') throw refused('it carries credentials');
  const port = url.port === '' ? defaultPort : Number(url.port);
  if (!ports.some(([from, to]) => port >= from && port <= to)) throw refused(`port ${port} is not allowed`);
  const literal = literalOf(url);
  const range = literal === undefined ? undefined : refusalOfAddress(literal, allowedNetworks);
  if (range !== undefined) throw refused(`${literal} is not public (${range})`);
  return url;
};
