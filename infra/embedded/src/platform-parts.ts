import { type ServerProcess } from '@millrace/runtime';
import { type KeptProcess, type RunningProcess } from './keep-running.ts';
import { type OnPlatformEvent } from './platform-events.ts';
import { type ServerFileWriter } from './server-file-writer.ts';
import { type AdaptEnvironment } from './service-environment.ts';

type Part = KeptProcess<RunningProcess>;

/** Everything that a platform has started, and how it is ended. */
export interface PlatformParts {
  readonly onEvent: OnPlatformEvent;
  readonly adaptEnvironment: AdaptEnvironment;
  /** Takes note of a part that is being started; passes it on. */
  readonly add: <Started extends Part>(starting: Promise<Started>) => Promise<Started>;
  readonly get: (name: ServerProcess) => Part | undefined;
  readonly setPid: (name: ServerProcess, pid: number | undefined) => void;
  /** Where Prometheus finds a service. */
  readonly setAdminPort: (name: ServerProcess, port: number) => void;
  /** Where further listeners of a service are, by their names. */
  readonly addListeners: (ports: Readonly<Record<string, number>>) => void;
  /** Aborted when everything is being ended: who still starts something gives up. */
  readonly ending: AbortSignal;
  /** Undone between the services and the servers, last first. */
  readonly defer: (undo: () => unknown) => void;
  /** First whoever accepts requests, then whoever works on them, then what they need. */
  readonly stop: () => Promise<void>;
  /** All at once, by force. */
  readonly kill: () => void;
}

const SERVICES: readonly ServerProcess[] = ['gateway', 'executor', 'scheduler', 'notifier', 'projector'];
const SERVERS: readonly ServerProcess[] = ['postgres', 'nats'];

export const makePlatformParts = (
  onEvent: OnPlatformEvent,
  file: ServerFileWriter,
  adaptEnvironment: AdaptEnvironment = (_name, env) => env,
): PlatformParts => {
  const parts = new Map<ServerProcess, Part>();
  const beginning = new Set<Promise<unknown>>();
  const undone: (() => unknown)[] = [];
  const ending = new AbortController();
  let stopping: Promise<void> | undefined;

  const add = async <Started extends Part>(starting: Promise<Started>): Promise<Started> => {
    beginning.add(starting);
    try {
      const part = await starting;
      parts.set(part.name, part);
      return part;
    } finally {
      beginning.delete(starting);
    }
  };
  const stopAll = async (): Promise<void> => {
    ending.abort();
    await Promise.allSettled(beginning);
    for (const name of SERVICES) await parts.get(name)?.stop();
    for (const undo of undone.splice(0).reverse()) await Promise.resolve(undo()).catch(() => undefined);
    await Promise.all(SERVERS.map(async (name) => parts.get(name)?.stop()));
  };
  return {
    onEvent,
    adaptEnvironment,
    add,
    ending: ending.signal,
    get: (name) => parts.get(name),
    setPid: (name, pid) => file.update({ pids: { [name]: pid } }),
    setAdminPort: (name, port) => file.update({ adminPorts: { [name]: port } }),
    addListeners: (ports) => {
      if (Object.keys(ports).length > 0) file.update({ listeners: { ...file.current().listeners, ...ports } });
    },
    defer: (undo) => void undone.push(undo),
    stop: () => (stopping ??= stopAll()),
    kill: () => parts.forEach((part) => part.kill()),
  };
};
