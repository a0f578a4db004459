import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { makeTempFolder } from '@millrace/testkit';

/** Where a browser is looked for. */
export const CHROMIUM = process.env['MILLRACE_TEST_CHROMIUM'] ?? '/usr/bin/chromium';
export const hasChromium = existsSync(CHROMIUM);

const VISIT_MS = 40_000;

/** Opens the address in a browser of its own, for as long as `visited` is pending. */
export const visit = async (url: string, visited: Promise<unknown>): Promise<void> => {
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  const browser: ChildProcess = spawn(
    CHROMIUM,
    [...flags, `--user-data-dir=${makeTempFolder('chromium')}`, '--remote-debugging-port=0', url],
    { stdio: 'ignore', detached: true },
  );
  const gone = new Promise<void>((resolve) => browser.once('close', () => resolve()));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${url} did not say within ${VISIT_MS} ms that it is done`)), VISIT_MS);
  });
  try {
    await Promise.race([visited, late, gone.then(() => Promise.reject(new Error('the browser ended')))]);
  } finally {
    clearTimeout(timer);
    // With everything that it started.
    if (browser.pid !== undefined && browser.exitCode === null) process.kill(-browser.pid, 'SIGKILL');
    await gone;
  }
};

/** A site that is not ours. */
export interface ForeignSite {
  readonly port: number;
  /** Settles when a page of it called `/done`. */
  readonly visited: () => Promise<void>;
  readonly close: () => void;
}

/** Serves one page under every address, on a port of its own. */
export const startForeignSite = async (page: string): Promise<ForeignSite> => {
  let isDone: () => void = () => undefined;
  const server = createServer((request, response) => {
    if (request.url === '/done') isDone();
    response.writeHead(200, { 'content-type': 'text/html', connection: 'close' }).end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    visited: () => new Promise((resolve) => (isDone = resolve)),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
