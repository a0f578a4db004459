import { type TestProject } from 'vitest/node';
import { type RunningTestServers, startTestServers, type TestServers } from './test-servers.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly testServers: TestServers;
  }
}

interface Shared {
  users: number;
  servers: Promise<RunningTestServers> | undefined;
}

/** Every project loads this module anew, in the same process: what they share hangs on the process. */
const KEY = Symbol.for('millrace.test-servers');
const shared = (): Shared => {
  const known = Reflect.get(globalThis, KEY) as Shared | undefined;
  if (known !== undefined) return known;
  const made: Shared = { users: 0, servers: undefined };
  Reflect.set(globalThis, KEY, made);
  return made;
};

/** Global set-up of vitest: starts the servers for the first project that needs them, stops them after the last. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const own = shared();
  own.users += 1;
  own.servers ??= startTestServers();
  const { stop, ...servers } = await own.servers;
  project.provide('testServers', servers);
  return async () => {
    own.users -= 1;
    if (own.users > 0) return;
    own.servers = undefined;
    await stop();
  };
};
