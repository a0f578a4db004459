import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findFreePort, startBound } from '@millrace/embedded';
import { untilListening } from '../backings.ts';
import { type Contender, epochNow, JSON_HEADERS, type Target } from '../contender.ts';
import { fetchDebianProgram } from '../install.ts';

const HOOKS = join(import.meta.dirname, 'hooks.json');
const STOP_GRACE_MS = 3_000;

/** Debian's `webhook`: runs a command for each request and keeps nothing, so its jobs are counted by synchronous answers. */
export const startWebhook = async (): Promise<Contender> => {
  const { path, env } = await fetchDebianProgram('webhook', 'usr/bin/webhook');
  const { stdout } = await promisify(execFile)(path, ['-version'], { env, timeout: 5_000 });
  const port = await findFreePort();
  const server = await startBound({
    command: path,
    args: ['-hooks', HOOKS, '-ip', '127.0.0.1', '-port', String(port)],
    env,
    stopSignal: 'SIGTERM',
    orphanSignal: 'SIGKILL',
  });
  await untilListening(port, 'webhook');
  const url = `http://127.0.0.1:${port}`;
  const target = (id: string): Target => ({ url, path: `/hooks/${id}`, headers: JSON_HEADERS });
  return {
    name: 'webhook',
    version: stdout.trim().replace(/^webhook version /, ''),
    durability: 'kill and power cut: lost (keeps nothing)',
    isDurable: false,
    front: 'its own',
    // It starts the command at once: accepting alone does not exist.
    accept: (kind) => (kind === 'held' ? target('noop') : undefined),
    wait: (kind) => (kind === 'true' ? target('wait') : undefined),
    haveEnded: async () => true,
    triggerToStart: async () => {
      const sentAt = epochNow();
      const response = await fetch(`${url}/hooks/clock`, { method: 'POST', headers: JSON_HEADERS, body: '{}' });
      return Number(await response.text()) / 1e6 - sentAt;
    },
    dropHeld: async () => undefined,
    pids: () => [server.pid],
    stop: async () => {
      await server.stop(STOP_GRACE_MS);
    },
  };
};
