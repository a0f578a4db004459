import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type AdaptEnvironment, type Platform, type PlatformEvent, startPlatform } from '@millrace/embedded';
import { readServerConfig, type ServerProcess } from '@millrace/runtime';
import { eventually } from './eventually.ts';
import { type HttpCaller, makeHttpCaller } from './http-caller.ts';
import { isRunning, trackProcess, untrackProcess } from './started-processes.ts';
import { makeTempFolder } from './temp-folder.ts';

export interface TestPlatformOptions {
  /** A folder whose content becomes the workflows; copied, so that tests can change it. */
  readonly workflowsFrom?: string;
  /** Workflows by path and name: `{ 'tests/hello.sh': '#!/bin/sh\necho hello' }`. They are executable. */
  readonly workflows?: Readonly<Record<string, string>>;
  /** Environment variables of the configuration, such as `MILLRACE_MAX_CONCURRENT_RUNS`. */
  readonly env?: Readonly<Record<string, string>>;
  /** For tests that try what NATS shall refuse. Else a refusal is a permission that a service lacks, and `stop` throws. */
  readonly mayViolatePermissions?: boolean;
  /** Of a platform before, to start on its data again; a new folder by default. */
  readonly home?: string;
  /** Changes the environment of each service at each of its starts. */
  readonly adaptEnvironment?: AdaptEnvironment;
}

/** All of Millrace with a nats-server, a Postgres, a folder and ports of its own, supervised as `millrace serve` does it. */
export interface TestPlatform {
  readonly url: string;
  readonly token: string;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly http: HttpCaller;
  /** Holds `data` and `workflows`. */
  readonly home: string;
  readonly dataDir: string;
  readonly workflowsDir: string;
  readonly platform: Platform;
  /** Everything that the supervisor has told so far. */
  readonly events: () => readonly PlatformEvent[];
  readonly pid: (name: ServerProcess) => number;
  /** Sends a signal and does not wait. */
  readonly signal: (name: ServerProcess, signal: NodeJS.Signals) => void;
  /** SIGKILL; resolves when the process is gone. The supervisor then starts another: see {@link TestPlatform.untilRestarted}. */
  readonly kill: (name: ServerProcess) => Promise<void>;
  /** Resolves when the process of this name is another one than `before`, and ready. */
  readonly untilRestarted: (name: ServerProcess, before: number) => Promise<void>;
  /** Saves a workflow, executable. */
  readonly saveWorkflow: (file: string, text: string) => void;
  readonly stop: () => Promise<void>;
}

const RESTART_TIMEOUT_MS = 120_000;

const saveIn = (folder: string, file: string, text: string): void => {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text, { mode: 0o755 });
};

const makeHome = ({ home, workflowsFrom, workflows = {} }: TestPlatformOptions): string => {
  const folder = home ?? makeTempFolder('platform');
  const target = join(folder, 'workflows');
  mkdirSync(target, { recursive: true });
  if (workflowsFrom !== undefined) cpSync(workflowsFrom, target, { recursive: true });
  for (const [file, text] of Object.entries(workflows)) saveIn(target, file, text);
  return folder;
};

/** What nats-server refused to its users, as its log says it. */
const violationsIn = (dataDir: string): readonly string[] => {
  const file = join(dataDir, 'nats', 'nats.log');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line.includes(' Violation - User '));
};

/** Starts a platform for one test file; {@link TestPlatform.stop} it in `afterAll`. */
export const startTestPlatform = async (options: TestPlatformOptions = {}): Promise<TestPlatform> => {
  const home = makeHome(options);
  const [dataDir, workflowsDir] = [join(home, 'data'), join(home, 'workflows')];
  const env = { MILLRACE_LOG_LEVEL: 'info', ...options.env };
  const config = readServerConfig({
    env,
    cwd: home,
    flags: { port: '0', 'data-dir': dataDir, workflows: workflowsDir },
  });
  const events: PlatformEvent[] = [];
  const pids: number[] = [];
  const onEvent = (event: PlatformEvent): void => {
    events.push(event);
    if (event.type !== 'started' && event.type !== 'restarted') return;
    const { name, pid } = event;
    pids.push(pid);
    trackProcess({ name, pid, isAlive: () => isRunning(pid) });
  };
  const { adaptEnvironment } = options;
  const platform = await startPlatform(config, {
    onEvent,
    ...(adaptEnvironment === undefined ? {} : { adaptEnvironment }),
  });
  const pid = (name: ServerProcess): number => {
    const found = platform.pids()[name];
    if (found === undefined) throw new Error(`${name} does not run`);
    return found;
  };
  return {
    url: platform.url,
    token: platform.token,
    natsUrl: platform.natsUrl,
    databaseUrl: platform.databaseUrl,
    http: makeHttpCaller(platform.url, platform.token),
    home,
    dataDir,
    workflowsDir,
    platform,
    events: () => [...events],
    pid,
    signal: (name, signal) => void process.kill(pid(name), signal),
    kill: async (name) => {
      const victim = pid(name);
      process.kill(victim, 'SIGKILL');
      await eventually(() => {
        if (isRunning(victim)) throw new Error(`${name} (pid ${victim}) still runs`);
      });
    },
    untilRestarted: async (name, before) =>
      eventually(
        () => {
          const restarted = events.some(
            (event) => event.type === 'restarted' && event.name === name && event.pid !== before,
          );
          if (!restarted || pid(name) === before || !isRunning(pid(name))) throw new Error(`${name} is not back`);
        },
        { timeoutMs: RESTART_TIMEOUT_MS },
      ),
    saveWorkflow: (file, text) => saveIn(workflowsDir, file, text),
    stop: async () => {
      await platform.stop();
      // What is still alive stays tracked: the leak check names it.
      for (const stopped of pids) if (!isRunning(stopped)) untrackProcess(stopped);
      const violations = options.mayViolatePermissions === true ? [] : violationsIn(dataDir);
      if (violations.length > 0) throw new Error(`NATS refused to services:\n${violations.slice(0, 20).join('\n')}`);
    },
  };
};
