import { type AdaptEnvironment } from '@millrace/embedded';
import { type ServerProcess } from '@millrace/runtime';
import { type Transform } from './proxy-lane.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

type ServiceName = Exclude<ServerProcess, 'nats' | 'postgres'>;
type Server = 'nats' | 'postgres';

const VARIABLES: Readonly<Record<Server, string>> = { nats: 'NATS_URL', postgres: 'DATABASE_URL' };

export interface ServiceProxiesOptions {
  /** Services whose way to a server leads through a proxy. */
  readonly nats?: readonly ServiceName[];
  readonly postgres?: readonly ServiceName[];
  /** What is done to the messages that nats-server sends to these services. */
  readonly transformDown?: () => Transform;
}

export interface ServiceProxies {
  /** For `startTestPlatform`. */
  readonly adaptEnvironment: AdaptEnvironment;
  /** Of a service that has been started. */
  readonly of: (service: ServiceName, server: Server) => TcpProxy;
  readonly all: () => readonly TcpProxy[];
  readonly close: () => Promise<void>;
}

/** A proxy of its own for each service and server; the same one over restarts. */
export const makeServiceProxies = (options: ServiceProxiesOptions): ServiceProxies => {
  const proxies = new Map<string, TcpProxy>();
  const { transformDown } = options;
  const proxyOf = async (key: string, url: string): Promise<TcpProxy> => {
    const known = proxies.get(key);
    if (known !== undefined) return known;
    const proxy = await startTcpProxy({
      upstreamPort: Number(new URL(url).port),
      ...(transformDown === undefined || key.endsWith('postgres') ? {} : { transformDown }),
    });
    proxies.set(key, proxy);
    return proxy;
  };
  return {
    adaptEnvironment: async (name, env) => {
      const changed = { ...env };
      for (const server of ['nats', 'postgres'] as const) {
        const url = env[VARIABLES[server]];
        if (url === undefined || options[server]?.includes(name) !== true) continue;
        changed[VARIABLES[server]] = (await proxyOf(`${name} ${server}`, url)).through(url);
      }
      return changed;
    },
    of: (service, server) => {
      const proxy = proxies.get(`${service} ${server}`);
      if (proxy === undefined) throw new Error(`no proxy between ${service} and ${server}`);
      return proxy;
    },
    all: () => [...proxies.values()],
    close: async () => {
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
    },
  };
};
