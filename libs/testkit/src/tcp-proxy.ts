/**
 * A TCP proxy that treats what passes through it badly: slowly, not at all, in one direction only, or as a transformer likes.
 *
 * `held`: bytes wait, and go on in order once the lane is open: a partition that TCP bridges when it ends.
 * `lost`: bytes disappear; every connection that lost some is reset when the lane is opened, as its stream is of no more use.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type LaneConditions, type LaneState, makeLane, type Transform } from './proxy-lane.ts';

/** Of both directions, or of one of them; what is not named stays as it is. */
export type LaneChange = Partial<LaneConditions>;

export interface TcpProxy {
  readonly port: number;
  /** The same address through the proxy. */
  readonly through: (url: string) => string;
  /** From clients to the server (`up`), from the server to clients (`down`). */
  readonly set: (change: { readonly up?: LaneChange; readonly down?: LaneChange }) => void;
  /** Neither direction passes anything, and nobody is told: a partition without RST. New connections open, and stay silent. */
  readonly partition: () => void;
  /** Resets every connection (RST). */
  readonly reset: () => void;
  /** Resets every connection, and each new one at once. */
  readonly refuse: () => void;
  /** As it was at first: everything passes at once. */
  readonly heal: () => void;
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

export interface TcpProxyOptions {
  readonly upstreamPort: number;
  /** 127.0.0.1 by default. */
  readonly upstreamHost?: string;
  /** Made for each connection: changes what the server sends, such as its messages twice. */
  readonly transformDown?: () => Transform;
}

const OPEN: LaneConditions = { state: 'open', latencyMs: 0, bytesPerSecond: Infinity };

interface Conversation {
  readonly client: Socket;
  readonly server: Socket;
  hasLost: boolean;
}

/** A proxy on a free port of loopback. */
export const startTcpProxy = async (options: TcpProxyOptions): Promise<TcpProxy> => {
  const { upstreamPort, upstreamHost = '127.0.0.1', transformDown } = options;
  const conditions: { up: LaneConditions; down: LaneConditions } = { up: OPEN, down: OPEN };
  const open = new Map<Conversation, () => void>();
  let isRefusing = false;

  const resetAll = (which: (conversation: Conversation) => boolean): void => {
    for (const conversation of [...open.keys()].filter(which)) {
      conversation.client.resetAndDestroy();
      conversation.server.resetAndDestroy();
    }
  };
  const accept = (client: Socket): void => {
    if (isRefusing) {
      client.on('error', () => undefined).resetAndDestroy();
      return;
    }
    const server = connect({ port: upstreamPort, host: upstreamHost, noDelay: true });
    client.setNoDelay(true);
    const conversation: Conversation = { client, server, hasLost: false };
    const onLost = (): void => void (conversation.hasLost = true);
    const up = makeLane({ from: client, to: server, conditions: () => conditions.up, onLost });
    const down = makeLane({
      from: server,
      to: client,
      conditions: () => conditions.down,
      onLost,
      ...(transformDown === undefined ? {} : { transform: transformDown() }),
    });
    open.set(conversation, () => [up, down].forEach(({ pump }) => pump()));
    for (const socket of [client, server]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(conversation);
        client.destroy();
        server.destroy();
      });
    }
  };
  const set: TcpProxy['set'] = ({ up, down }) => {
    conditions.up = { ...conditions.up, ...up };
    conditions.down = { ...conditions.down, ...down };
    const isPassing = conditions.up.state !== 'lost' && conditions.down.state !== 'lost';
    if (isPassing) resetAll(({ hasLost }) => hasLost);
    for (const pump of open.values()) pump();
  };
  const both = (state: LaneState): void => set({ up: { state }, down: { state } });

  const server = createServer(accept).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    through: (url) => {
      const address = new URL(url);
      address.hostname = '127.0.0.1';
      address.port = String(port);
      return address.href;
    },
    set,
    partition: () => both('held'),
    reset: () => resetAll(() => true),
    refuse: () => {
      isRefusing = true;
      resetAll(() => true);
    },
    heal: () => {
      isRefusing = false;
      set({ up: OPEN, down: OPEN });
    },
    connections: () => open.size,
    close: async () => {
      resetAll(() => true);
      server.close();
      await once(server, 'close');
    },
  };
};
