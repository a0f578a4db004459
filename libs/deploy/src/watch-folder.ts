/**
 * Deploys a folder whenever something in it changes.
 *
 * Each folder of the tree has a watch of its own; the watches only say that something happened, a scan finds out what. So a
 * missed, doubled or misleading event does no harm, and editors may save as they like. A slow scan without any event covers
 * file systems that report nothing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type DeployProblem } from '@millrace/contracts';
import { type DeployReport, makeDeployer } from './deployer.ts';
import { type DeployOptions } from './shelf.ts';
import { sameProblem } from './fault.ts';
import { makeFolderWatches } from './folder-watches.ts';

export interface WatchOptions extends DeployOptions {
  /** Called after each deploy that changed something, and after the first. */
  readonly onReport: (report: DeployReport) => void;
  /** Called when a deploy could not be done, such as while NATS is away; it is tried again. */
  readonly onError?: (error: unknown) => void;
  /** Between scans without any event, where the system reports changes. 2 s by default. */
  readonly scanIntervalMs?: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/** An editor's save takes several steps; this long after the last of them they count as one. */
const QUIET_MS = 100;
const QUIET_ROUNDS_MAX = 4;
const SCAN_INTERVAL_MS = 2_000;
/** When the system gives no watches: the scan alone must be fast enough for "within a second". */
const SCAN_INTERVAL_UNWATCHED_MS = 500;

/** Says that something happened since it was asked last. */
interface ChangeSignal {
  readonly raise: () => void;
  /** Resolves at once when it was raised before, else when it is, or after `timeoutMs`, or on abort. */
  readonly wait: (timeoutMs: number, signal: AbortSignal) => Promise<boolean>;
}

const makeChangeSignal = (): ChangeSignal => {
  let isRaised = false;
  let wake = (): void => undefined;
  const raise = (): void => {
    isRaised = true;
    wake();
  };
  const wait = async (timeoutMs: number, signal: AbortSignal): Promise<boolean> => {
    if (!isRaised) {
      const woken = new AbortController();
      wake = () => woken.abort();
      const either = AbortSignal.any([signal, woken.signal]);
      await delay(timeoutMs, undefined, { signal: either }).catch(() => undefined);
    }
    const wasRaised = isRaised;
    isRaised = false;
    return wasRaised;
  };
  return { raise, wait };
};

const sameProblems = (a: readonly DeployProblem[], b: readonly DeployProblem[]): boolean =>
  a.length === b.length && a.every((problem, index) => sameProblem(problem, b[index]));

const changedSomething = (report: DeployReport, before: DeployReport | undefined): boolean =>
  before === undefined ||
  report.deployed.length > 0 ||
  report.removed.length > 0 ||
  !sameProblems(report.problems, before.problems);

/**
 * Deploys the folder, and again within a second of every change in it, until the signal aborts; resolves then, after the
 * deploy that was under way. Never rejects.
 */
export const watchFolder = async (watchOptions: WatchOptions): Promise<void> => {
  const { onReport, onError, signal, scanIntervalMs = SCAN_INTERVAL_MS, ...options } = watchOptions;
  const deployer = makeDeployer(options);
  const changes = makeChangeSignal();
  const watches = makeFolderWatches(changes.raise);
  let before: DeployReport | undefined;
  while (!signal.aborted) {
    try {
      const report = await deployer.deploy();
      if (changedSomething(report, before)) onReport(report);
      before = report;
    } catch (error) {
      onError?.(error);
    }
    const isWatched = watches.set(deployer.folders());
    const isChanged = await changes.wait(isWatched ? scanIntervalMs : SCAN_INTERVAL_UNWATCHED_MS, signal);
    for (let round = 0; isChanged && round < QUIET_ROUNDS_MAX; round += 1) {
      await delay(QUIET_MS, undefined, { signal }).catch(() => undefined);
      if (!(await changes.wait(0, signal))) break;
    }
  }
  watches.close();
};
