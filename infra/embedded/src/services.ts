import { join } from 'node:path';
import { type ServerConfig } from '@millrace/runtime';
import { keepRunning } from './keep-running.ts';
import { openLogFile } from './log-file.ts';
import { type PlatformParts } from './platform-parts.ts';
import { adminPortOf, type Addresses, serviceEnvironment } from './service-environment.ts';
import { makeLineReader } from './service-lines.ts';
import { type RunningService, type ServiceName, startService } from './start-service.ts';

/** For a service to end in order. The executor's runs get their own grace within it. */
const STOP_GRACE_MS: Readonly<Record<ServiceName, number>> = {
  gateway: 12_000,
  executor: 15_000,
  scheduler: 12_000,
  projector: 12_000,
  notifier: 12_000,
};

/** Starts a service and keeps it running; its log goes to a file, what people should see to the events. */
export const keepService = async (
  name: ServiceName,
  config: ServerConfig,
  addresses: Addresses,
  parts: PlatformParts,
): Promise<RunningService> => {
  const logFile = openLogFile(join(config.server.dataDir, 'logs', `${name}.log`));
  const { natsUrlFor, ...rest } = addresses;
  const readLines = makeLineReader(name, parts.onEvent);
  const start = async (previous: RunningService | undefined): Promise<RunningService> => {
    const port = previous?.port ?? addresses.port;
    const adminPort = previous?.adminPort ?? adminPortOf(name, config.admin.port);
    const service = await startService({
      name,
      env: await parts.adaptEnvironment(
        name,
        serviceEnvironment(config, { ...rest, natsUrl: natsUrlFor(name), port, adminPort }, process.env),
      ),
      giveUp: parts.ending,
      stopGraceMs: STOP_GRACE_MS[name],
      onOutput: (chunk) => {
        logFile.write(chunk);
        readLines(chunk);
      },
    });
    parts.setAdminPort(name, service.adminPort);
    parts.addListeners(service.listeners);
    return service;
  };
  const { onEvent } = parts;
  const service = await parts.add(keepRunning({ name, start, onEvent, onPid: (pid) => parts.setPid(name, pid) }));
  return service.current();
};
