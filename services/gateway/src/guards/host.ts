import { isIP } from 'node:net';
import { AppError } from '@millrace/kernel';

/** Whether a value of the `Host` header names this server. */
export type HostAllowed = (host: string) => boolean;

/** Host values remembered; a server is called by a handful of names. */
const REMEMBERED_MAX = 256;

/** `[::1]:8080` → `::1`, `Example.test:80` → `example.test`; `undefined` when it is not a host. */
const hostNameOf = (host: string): string | undefined => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, '');
};

/**
 * Allows IP addresses, `localhost` and these names. A page that was rebound by DNS reaches the server under its own name, and is refused.
 */
export const makeHostAllowed = (names: readonly string[]): HostAllowed => {
  const allowed = new Set(['localhost', ...names.map((name) => name.toLowerCase())]);
  const remembered = new Map<string, boolean>();
  return (host) => {
    const known = remembered.get(host);
    if (known !== undefined) return known;
    const name = hostNameOf(host);
    const verdict = name !== undefined && (isIP(name) !== 0 || allowed.has(name));
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(host, verdict);
    return verdict;
  };
};

/** @throws AppError `invalid` `http.misdirected` (421). */
export const checkHost = (host: string | undefined, isAllowed: HostAllowed): void => {
  if (host !== undefined && isAllowed(host)) return;
  throw new AppError(
    'invalid',
    'http.misdirected',
    'this server is not known by that name: use its address, or add the name to MILLRACE_ALLOWED_HOSTS',
  );
};
