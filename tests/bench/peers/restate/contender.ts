import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BoundProcess, findFreePort, startBound } from '@millrace/embedded';
import { untilListening } from '../backings.ts';
import { type Contender, JSON_HEADERS, type Target, triggerToStartByWait } from '../contender.ts';
import { installPeer } from '../install.ts';
import { type LibraryProcess, startLibraryProcess } from '../processes.ts';

const STOP_GRACE_MS = 5_000;

interface Ports {
  readonly ingress: number;
  readonly admin: number;
  readonly node: number;
  readonly service: number;
}

const startServer = async (folder: string, data: string, { ingress, admin, node }: Ports): Promise<BoundProcess> => {
  const platform = `linux-${process.arch}`;
  const binary = join(folder, 'node_modules', '@restatedev', `restate-server-${platform}`, 'bin', 'restate-server');
  const server = await startBound({
    command: binary,
    args: ['--base-dir', data, '--no-logo'],
    cwd: data,
    env: {
      PATH: process.env['PATH'],
      RESTATE_LISTEN_MODE: 'tcp',
      RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
      RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
      RESTATE_DISABLE_TELEMETRY: 'true',
      RUST_LOG: 'warn',
    },
    stopSignal: 'SIGTERM',
    orphanSignal: 'SIGKILL',
  });
  await untilListening(admin, 'restate-server');
  await untilListening(ingress, 'the ingress of restate-server');
  return server;
};

const ask = async (admin: number, path: string, body: unknown): Promise<unknown> => {
  const response = await fetch(`http://127.0.0.1:${admin}${path}`, {
    method: 'POST',
    headers: { ...JSON_HEADERS, accept: 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${path} answered ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text);
};

const OPEN_INVOCATIONS = "SELECT count(*) AS open FROM sys_invocation_status WHERE status <> 'completed'";

const countOpen = async (admin: number): Promise<number> => {
  const { rows } = (await ask(admin, '/query', { query: OPEN_INVOCATIONS })) as { rows: { open: number }[] };
  return rows[0]?.open ?? Number.NaN;
};

const contenderOf = (ports: Ports, service: LibraryProcess, pids: readonly number[], version: string): Contender => {
  const url = `http://127.0.0.1:${ports.ingress}`;
  const target = (path: string): Target => ({ url, path, headers: JSON_HEADERS });
  return {
    name: 'Restate',
    version,
    durability: 'kill and power cut: kept (as it comes)',
    isDurable: true,
    front: 'its own ingress; handlers run in a Node process',
    // An invocation is executed as soon as it is recorded: accepting alone does not exist.
    accept: (kind) => target(`/bench/${kind === 'held' ? 'noop' : kind}/send`),
    wait: (kind) => target(`/bench/${kind}`),
    haveEnded: async (kind, acceptedInAll) =>
      service.done(kind) >= acceptedInAll && (await countOpen(ports.admin)) === 0,
    triggerToStart: () =>
      triggerToStartByWait(target('/bench/clock'), (answer) => (answer as { startedAt: number }).startedAt),
    dropHeld: async () => undefined,
    pids: () => pids,
    stop: async () => undefined,
  };
};

/** Restate's server from its npm package, and its SDK in a Node process of its own. */
export const startRestate = async (version: string): Promise<Contender> => {
  const folder = await installPeer('restate');
  const data = await mkdtemp(join(tmpdir(), 'millrace-bench-restate-'));
  const ports = {
    ingress: await findFreePort(),
    admin: await findFreePort(),
    node: await findFreePort(),
    service: await findFreePort(),
  };
  const server = await startServer(folder, data, ports);
  const stopServer = async (): Promise<void> => {
    await server.stop(STOP_GRACE_MS);
    await rm(data, { recursive: true, force: true });
  };
  try {
    const service = await startLibraryProcess({
      folder,
      roles: ['worker'],
      settings: { servicePort: ports.service },
      entry: 'handlers.mjs',
    });
    await ask(ports.admin, '/deployments', { uri: `http://127.0.0.1:${ports.service}` });
    const contender = contenderOf(ports, service, [server.pid, service.pid], version);
    const stop = async (): Promise<void> => {
      await service.stop();
      await stopServer();
    };
    return { ...contender, stop };
  } catch (error) {
    await stopServer();
    throw error;
  }
};
