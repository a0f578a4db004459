import { type Server } from 'node:http';

/** The port that was taken, where the configuration left it open. */
export const portOf = (server: Server): number => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) return address.port;
  throw new Error('the server listens on no port');
};

interface Listener {
  readonly name: string;
  readonly app: { readonly server: Server };
}

/** By their names; nothing where there is none. */
export const portsOf = (listeners: readonly Listener[]): { readonly listeners?: Readonly<Record<string, number>> } =>
  listeners.length === 0
    ? {}
    : { listeners: Object.fromEntries(listeners.map(({ name, app }) => [name, portOf(app.server)])) };
