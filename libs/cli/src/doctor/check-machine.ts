import { statfs } from 'node:fs/promises';
import { isInMemory } from '@millrace/embedded';
import { messageOf } from '@millrace/kernel';
import { fail, type Finding, ok, warn } from './finding.ts';
import { isExposed } from './listening.ts';

const GIB = 1024 ** 3;
const FREE_WARN_BYTES = 5 * GIB;
const FREE_FAIL_BYTES = GIB / 2;

const diskFinding = (freeBytes: number, dataDir: string): Finding => {
  const detail = `${(freeBytes / GIB).toFixed(1)} GiB free for ${dataDir}`;
  if (freeBytes < FREE_FAIL_BYTES) return fail('disk', detail, 'make room: a full disk stops every write');
  if (freeBytes < FREE_WARN_BYTES) return warn('disk', detail, 'make room, or lower nats.log_max_bytes');
  return ok('disk', detail);
};

/** Free bytes where the data is; `undefined` when that cannot be seen. */
export const freeBytesFor = async (dataDir: string): Promise<number | undefined> =>
  statfs(dataDir).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => undefined,
  );

/** Where the data is, and how much more fits there. */
export const checkDisk = async (dataDir: string): Promise<readonly Finding[]> => {
  try {
    const { bavail, bsize } = await statfs(dataDir);
    const memory = (await isInMemory(dataDir))
      ? [
          warn(
            'store',
            `${dataDir} is in memory: a restart of the machine loses everything`,
            'set MILLRACE_DATA_DIR to a folder on a disk',
          ),
        ]
      : [ok('store', `${dataDir} is on a disk`)];
    return [...memory, diskFinding(bavail * bsize, dataDir)];
  } catch (error) {
    return [fail('store', `${dataDir}: ${messageOf(error)}`, 'check that the folder is there and yours')];
  }
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/** Whether the processes that `server.json` names are there. */
export const checkProcesses = (pids: Readonly<Record<string, number>>): readonly Finding[] => {
  const dead = Object.entries(pids).filter(([, pid]) => !isAlive(pid));
  if (dead.length === 0)
    return [
      ok(
        'processes',
        Object.entries(pids)
          .map(([name, pid]) => `${name} ${pid}`)
          .join(', '),
      ),
    ];
  return dead.map(([name, pid]) =>
    fail(name, `process ${pid} is gone`, 'the supervisor starts it again; if not: millrace serve'),
  );
};

/** Who can reach the HTTP interface. */
export const checkExposure = (url: string): Finding => {
  const { port, protocol } = new URL(url);
  switch (isExposed(Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port))) {
    case true:
      return warn(
        'bind',
        'reachable from the network, without TLS of its own',
        'put a reverse proxy with TLS before it, or use --bind 127.0.0.1',
      );
    case false:
      return ok('bind', 'loopback only');
    case undefined:
      return ok('bind', `${url}; where it listens cannot be seen from here`);
  }
};
