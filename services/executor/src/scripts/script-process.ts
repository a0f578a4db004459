import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fifos } from './fifos.ts';
import { isHindrance } from './hindrance.ts';
import { loadResult } from './output-file.ts';
import { type RunDirectories } from './run-directories.ts';
import { type OutputPipes, readScript, type ScriptStreams } from './script-streams.ts';
import { type FromSpawner, type StartFailed, type StartScript } from './spawner-protocol.ts';

export interface ScriptDeps {
  readonly fifos: Fifos;
  readonly directories: RunDirectories;
  readonly send: (message: FromSpawner) => void;
  /** The process is gone and everything about it was sent. */
  readonly onGone: () => void;
}

export interface ScriptProcess {
  /** To its whole process group. */
  readonly signal: (signal: 'SIGTERM' | 'SIGKILL') => void;
}

interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

const signalGroup = (pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: nobody is left in the group.
  }
};

const removeFile = (path: string): void => {
  try {
    unlinkSync(path);
  } catch {
    rmSync(path, { recursive: true, force: true });
  }
};

const INPUT = 'input.json';
const OUTPUT = 'output.json';

/** What a script is given to read. */
type Given = readonly (readonly [variable: string, name: string, content: string])[];

const givenFiles = ({ input, trigger, cloudEvent }: StartScript): Given => [
  ['MILLRACE_INPUT', INPUT, input],
  ...(trigger === undefined ? [] : [['MILLRACE_TRIGGER', 'trigger.json', trigger] as const]),
  ...(cloudEvent === undefined ? [] : [['MILLRACE_CLOUDEVENT', 'cloudevent.json', cloudEvent] as const]),
];

const startChild = ({ argv, env }: StartScript, directory: string, pipes: OutputPipes, given: Given): ChildProcess => {
  const [program, ...args] = argv;
  return spawn(program, args, {
    // A session and so a process group of its own: signals reach it with everything that it starts.
    detached: true,
    cwd: directory,
    env: {
      ...env,
      HOME: directory,
      TMPDIR: directory,
      ...Object.fromEntries(given.map(([variable, name]) => [variable, join(directory, name)])),
      MILLRACE_OUTPUT: join(directory, OUTPUT),
    },
    // Never a pipe on stdin: bash takes a socket there for a remote shell and reads ~/.bashrc.
    stdio: ['ignore', pipes[0]?.writeFd ?? 'pipe', pipes[1]?.writeFd ?? 'pipe'],
  });
};

/** Closes both ends of pipes that nothing was started with. */
const abandonPipes = (pipes: OutputPipes, fifos: Fifos): void => {
  for (const fifo of pipes) {
    if (fifo === undefined) continue;
    closeSync(fifo.readFd);
    closeSync(fifo.writeFd);
    fifos.giveBack(fifo);
  }
};

/** Pipes for both streams, or for none. */
const takePipes = (fifos: Fifos): OutputPipes => {
  const stdout = fifos.take();
  try {
    return [stdout, fifos.take()];
  } catch (error) {
    abandonPipes([stdout, undefined], fifos);
    throw error;
  }
};

interface Place {
  readonly directory: string;
  readonly pipes: OutputPipes;
}

/** All that a script needs before it begins; where something cannot be had, the rest is given back. */
const preparePlace = (given: Given, { directories, fifos }: ScriptDeps): Place => {
  const directory = directories.take();
  try {
    for (const [, name, content] of given) writeFileSync(join(directory, name), content);
    return { directory, pipes: takePipes(fifos) };
  } catch (error) {
    directories.giveBack(directory);
    throw error;
  }
};

/** What is said of a script that never began. */
export const startFailed = (id: string, error: unknown): StartFailed => ({
  type: 'start_failed',
  id,
  message: error instanceof Error ? error.message : String(error),
  isHindered: isHindrance(error),
});

/** One script from start to end: sends `started`, its output, and `ended`; or only `start_failed`. */
export const startScript = (request: StartScript, deps: ScriptDeps): ScriptProcess => {
  const { id } = request;
  const { fifos, directories, send, onGone } = deps;
  const given = givenFiles(request);
  const { directory, pipes } = preparePlace(given, deps);
  const child = startChild(request, directory, pipes, given);
  for (const fifo of pipes) if (fifo !== undefined) closeSync(fifo.writeFd);
  if (child.pid !== undefined) send({ type: 'started', id, pid: child.pid });

  let awaited = 3; // two streams and the process
  let exit: Exit = { code: null, signal: null };
  let failure: Error | undefined;
  const finishOne = (): void => {
    awaited -= 1;
    if (awaited > 0) return;
    const outcome = loadResult(join(directory, OUTPUT), streams.lastLine());
    for (const name of [...given.map(([, file]) => file), OUTPUT]) removeFile(join(directory, name));
    directories.giveBack(directory);
    if (failure === undefined) send({ type: 'ended', id, ...exitOf(exit), ...complaintOf(exit, streams), ...outcome });
    else send(startFailed(id, failure));
    onGone();
  };
  const streams = readScript(child, { id, pipes, fifos, send, onClosed: finishOne });
  child.once('error', (error) => {
    if (child.pid !== undefined) return; // a signal that could not be sent
    failure = error;
    finishOne();
  });
  child.once('exit', (code, signal) => {
    exit = { code, signal };
    // The run is over: what its leader left behind in the group goes with it.
    signalGroup(child.pid, 'SIGKILL');
    streams.endSoon();
    finishOne();
  });
  return { signal: (signal) => signalGroup(child.pid, signal) };
};

const complaintOf = ({ code }: Exit, streams: ScriptStreams): { readonly complaint?: string } => {
  const complaint = code === 0 ? undefined : streams.complaint();
  return complaint === undefined ? {} : { complaint };
};

const exitOf = ({ code, signal }: Exit): { readonly exitCode?: number; readonly signal?: string } => ({
  ...(code === null ? {} : { exitCode: code }),
  ...(signal === null ? {} : { signal }),
});
