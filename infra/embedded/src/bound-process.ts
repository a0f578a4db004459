import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { AppError } from '@millrace/kernel';

/** How a process ended: one of the two is set, as Node reports it. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A server in a process of its own that cannot outlive ours. */
export interface BoundProcess {
  readonly pid: number;
  readonly isAlive: () => boolean;
  /** Settles when the process is gone; never rejects. */
  readonly exited: Promise<ExitStatus>;
  /** Asks politely, waits at most `graceMs`, then kills. Safe to repeat. */
  readonly stop: (graceMs: number) => Promise<ExitStatus>;
  /** SIGKILL at once. */
  readonly kill: () => void;
}

export interface BoundProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What it gets when it shall end in order, and when we die first. */
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
  readonly orphanSignal: 'SIGKILL' | 'SIGINT' | 'SIGQUIT';
  /** Run as somebody else; only where we are root. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
  /** Written to its standard input, which is then closed. */
  readonly input?: string;
  /** Every piece of what it prints. */
  readonly onOutput?: (chunk: Buffer) => void;
}

type Identity = NonNullable<BoundProcessOptions['runAs']>;

const canRun = ([program = '', ...args]: readonly string[]): boolean =>
  spawnSync(program, [...args, 'true']).status === 0;

/** Commands that start another under the wanted identity, best first. */
const candidates = (death: string, runAs: Identity | undefined): readonly (readonly string[])[] => {
  if (runAs === undefined) return [['setpriv', death]];
  const { uid, gid } = runAs;
  const who = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  return [
    // Another name for ourselves: the program sees this uid, the file system sees us, so that a folder that only we may enter is no obstacle.
    [...MAPPED, `--map-user=${uid}`, `--map-group=${gid}`, 'setpriv', death],
    // Really somebody else, who may at least read and write where we can. Asking access(2) about a program does not honour that.
    [...who, '--inh-caps=+dac_override', '--ambient-caps=+dac_override', death],
    [...who, death],
  ];
};

const MAPPED = ['unshare', '--user'] as const;

/** The first of the candidates that works on this machine; `undefined` when none does. Asked once per purpose. */
const known = new Map<string, readonly string[] | undefined>();
const launcherFor = ({ orphanSignal, runAs }: LauncherPurpose): readonly string[] | undefined => {
  const key = `${orphanSignal} ${runAs?.uid ?? ''}`;
  if (!known.has(key)) {
    const found = candidates(`--pdeathsig=${orphanSignal.slice(3)}`, runAs).find(canRun);
    known.set(key, process.platform === 'linux' ? found : undefined);
  }
  return known.get(key);
};

type LauncherPurpose = Pick<BoundProcessOptions, 'orphanSignal' | 'runAs'>;

/** Who must own the files of a program that runs under this identity. */
export const ownerOfFiles = (runAs: Identity): Identity => {
  const isMapped = launcherFor({ orphanSignal: 'SIGKILL', runAs })?.[0] === MAPPED[0];
  return isMapped ? { uid: process.getuid?.() ?? runAs.uid, gid: process.getgid?.() ?? runAs.gid } : runAs;
};

/**
 * Where the kernel cannot tell a child that its parent died: a small process that holds the other end of a pipe.
 * It ends with the one it watches.
 */
const GUARDIAN = `
const [pid, signal] = process.argv.slice(1);
const end = () => { try { process.kill(Number(pid), signal); } catch {} process.exit(); };
process.stdin.on('end', end).on('error', end).resume();
setInterval(() => { try { process.kill(Number(pid), 0); } catch { process.exit(); } }, 1000);
`;

const guard = (pid: number, signal: string): void => {
  const guardian = spawn(process.execPath, ['-e', GUARDIAN, String(pid), signal], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guardian.on('error', () => undefined);
  guardian.unref();
};

const start = (options: BoundProcessOptions): ChildProcess => {
  const { command, args, cwd, env, runAs } = options;
  const launcher = launcherFor(options);
  const [program = command, ...programArgs] = [...(launcher ?? []), command, ...args];
  return spawn(program, programArgs, {
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    ...(launcher === undefined && runAs !== undefined ? { uid: runAs.uid, gid: runAs.gid } : {}),
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    // A session of its own: Ctrl-C on the terminal reaches the supervisor only, which then stops things in order.
    detached: true,
  });
};

const isAlive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

/**
 * Starts a program that dies with this process, however this process dies.
 *
 * @throws AppError `unavailable` `process.not_started`.
 */
export const startBound = async (options: BoundProcessOptions): Promise<BoundProcess> => {
  const child = start(options);
  try {
    await once(child, 'spawn');
  } catch (cause) {
    throw new AppError('unavailable', 'process.not_started', `${options.command} could not be started`, { cause });
  }
  const pid = child.pid ?? 0;
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  child.stdin?.on('error', () => undefined).end(options.input);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => options.onOutput?.(chunk));
  }
  if (launcherFor(options) === undefined) guard(pid, options.orphanSignal);
  const kill = (): void => {
    if (isAlive(child)) child.kill('SIGKILL');
  };
  const stop = async (graceMs: number): Promise<ExitStatus> => {
    if (isAlive(child)) child.kill(options.stopSignal);
    const timer = setTimeout(kill, graceMs);
    const status = await exited;
    clearTimeout(timer);
    return status;
  };
  return { pid, exited, stop, kill, isAlive: () => isAlive(child) };
};
