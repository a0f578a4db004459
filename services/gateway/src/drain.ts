import { type FastifyInstance } from 'fastify';
import { AppError } from '@millrace/kernel';
import { DRAIN_MS } from './limits.ts';

/** How often connections that have become idle are closed while the gateway ends. */
const SWEEP_MS = 50;

/**
 * Makes `close` graceful: waits end with 202 and `Location`, streams end, requests in flight are answered, new ones on open connections get
 * 503 with `Retry-After`, and what is not done in time is cut.
 *
 * @param free called when the last connection is closed
 * @returns aborted as soon as the gateway ends
 */
export const drainOnClose = (app: FastifyInstance, free: () => void): AbortSignal => {
  const draining = new AbortController();
  let sweep: NodeJS.Timeout | undefined;
  let cut: NodeJS.Timeout | undefined;

  app.addHook('onRequest', (_request, _reply, done) => {
    if (draining.signal.aborted) {
      done(
        new AppError('unavailable', 'gateway.ending', 'this gateway is ending: ask again', { retryAfterSeconds: 1 }),
      );
    } else done();
  });
  app.addHook('preClose', (done) => {
    draining.abort();
    sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
    cut = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
    done();
  });
  app.addHook('onClose', (_instance, done) => {
    clearInterval(sweep);
    clearTimeout(cut);
    free();
    done();
  });
  return draining.signal;
};
