import { readFileSync } from 'node:fs';

/** State of a listening socket in `/proc/net/tcp`. */
const LISTEN = '0A';

const isLoopback = (hexAddress: string): boolean =>
  hexAddress.length === 8 ? hexAddress.endsWith('7F') : hexAddress === '00000000000000000000000001000000';

const socketsOf = (file: string): readonly string[] => {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(1);
  } catch {
    return [];
  }
};

/** Whether something listens on this port for more than loopback; `undefined` where the system does not tell. */
export const isExposed = (port: number, files = ['/proc/net/tcp', '/proc/net/tcp6']): boolean | undefined => {
  const addresses = files.flatMap(socketsOf).flatMap((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [address = '', hexPort = ''] = local.split(':');
    return state === LISTEN && Number.parseInt(hexPort, 16) === port ? [address] : [];
  });
  return addresses.length === 0 ? undefined : addresses.some((address) => !isLoopback(address));
};
