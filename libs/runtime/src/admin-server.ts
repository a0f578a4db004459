import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { AppError, messageOf } from '@millrace/kernel';
import { type Metrics } from './metrics.ts';

/** What one dependency of a service is like right now. */
export interface DependencyHealth {
  readonly ok: boolean;
  readonly detail?: string;
}

/** `ready` exactly when all dependencies that the service cannot work without are there. */
export interface HealthReport {
  readonly ready: boolean;
  readonly dependencies: Readonly<Record<string, DependencyHealth>>;
}

export interface AdminServerOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** `127.0.0.1` by default: the admin port has no authentication. */
  readonly host?: string;
  readonly metrics: Metrics;
  readonly health: () => HealthReport | Promise<HealthReport>;
}

export interface AdminServer {
  readonly port: number;
  readonly close: () => Promise<void>;
}

const send = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

const answer = async (path: string, options: AdminServerOptions, response: ServerResponse): Promise<void> => {
  switch (path) {
    case '/metrics': {
      const text = await options.metrics.text();
      response.writeHead(200, { 'content-type': options.metrics.contentType }).end(text);
      return;
    }
    case '/health/live':
      send(response, 200, { status: 'live' });
      return;
    case '/health/ready': {
      const { ready, dependencies } = await options.health();
      send(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', dependencies });
      return;
    }
    default:
      send(response, 404, { error: 'there are /metrics, /health/live and /health/ready' });
  }
};

/**
 * Serves `/metrics`, `/health/live` (200 while the process can answer) and `/health/ready` (503 names what is away).
 *
 * @throws AppError `unavailable` `admin.port_taken` when it cannot listen.
 */
export const startAdminServer = async (options: AdminServerOptions): Promise<AdminServer> => {
  const server = createServer((request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?');
    answer(path, options, response).catch((error: unknown) => send(response, 500, { error: messageOf(error) }));
  });
  server.listen(options.port, options.host ?? '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new AppError('unavailable', 'admin.port_taken', `admin port ${options.port}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
