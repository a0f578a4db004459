import { type DeployProblem } from '@millrace/contracts';
import { type Compiled, makeCompileMemory } from './compile-memory.ts';
import { problemOf } from './fault.ts';
import { mapBounded } from './map-bounded.ts';
import { readWorkflow } from './read-workflow.ts';
import { type FolderScan, type MisplacedFile, scanFolder, type WorkflowSource } from './scan-folder.ts';
import { type DeployedWorkflow, type DeployOptions, makeShelf, type Outcome } from './shelf.ts';

/** What a deploy did; all lists are ordered by path. */
export interface DeployReport {
  /** New versions that are in service now. */
  readonly deployed: readonly DeployedWorkflow[];
  /** Paths whose version was in service already. */
  readonly unchanged: readonly string[];
  /** Paths that have no file any more. */
  readonly removed: readonly string[];
  /** What was refused, and why; the version before stays in service. */
  readonly problems: readonly DeployProblem[];
}

/** Deploys a folder, again and again; compiles only what has changed since it looked last. Calls must not overlap. */
export interface Deployer {
  /** @throws AppError `invalid` `deploy.no_folder`; what catalog and bundles throw. Safe to repeat. */
  readonly deploy: (isSelected?: (path: string) => boolean) => Promise<DeployReport>;
  /** Absolute; where a change can matter, as of the last deploy. */
  readonly folders: () => readonly string[];
}

/** What was stored is seen by then; when it is not, somebody else has changed it. */
const SEEN_AFTER_MS = 1_000;

const reportOf = (outcomes: readonly Outcome[], removed: readonly string[]): DeployReport => ({
  deployed: outcomes.flatMap((result) => (result.outcome === 'deployed' ? [result.workflow] : [])),
  unchanged: outcomes.flatMap((result) => (result.outcome === 'unchanged' ? [result.path] : [])),
  removed,
  problems: outcomes.flatMap((result) => (result.outcome === 'refused' ? [result.problem] : [])),
});

export const makeDeployer = (options: DeployOptions): Deployer => {
  const shelf = makeShelf(options);
  const memory = makeCompileMemory();
  let scan: FolderScan = { sources: [], misplaced: [], folders: [] };

  const compile = async (source: WorkflowSource): Promise<Outcome> => {
    const { path } = source;
    memory.forget(path);
    const startedMs = Date.now();
    const reading = await readWorkflow(source);
    const outcome =
      reading.outcome === 'ready'
        ? await shelf.publish(source, reading)
        : await shelf.refuse(path, problemOf(reading.faults, options.clock.now()), true);
    await memory.remember(source, { startedMs, reading, outcome, folders: scan.folders });
    return outcome;
  };

  const isStillThere = ({ version, atMs }: Compiled, path: string): boolean =>
    version === undefined || Date.now() - atMs < SEEN_AFTER_MS || shelf.isSettled(path, version);

  const deploySource = async (source: WorkflowSource): Promise<Outcome> => {
    const { path } = source;
    const known = await memory.recall(source);
    if (known === undefined || !isStillThere(known, path)) return compile(source);
    return known.outcome.outcome === 'deployed' ? { outcome: 'unchanged', path } : known.outcome;
  };

  const deployMisplaced = async ({ path, fault, keepsVersion }: MisplacedFile): Promise<Outcome> => {
    const problem = problemOf([fault], options.clock.now());
    return path === undefined ? { outcome: 'refused', problem } : shelf.refuse(path, problem, keepsVersion);
  };

  const deploy = async (isSelected: (path: string) => boolean = () => true): Promise<DeployReport> => {
    scan = await scanFolder(options.folder);
    const sources = scan.sources.filter(({ path }) => isSelected(path));
    const misplaced = scan.misplaced.filter(({ path }) => path === undefined || isSelected(path));
    const present = new Set([...scan.sources, ...scan.misplaced].map(({ path }) => path));
    const isMissing = (path: string): boolean => !present.has(path) && isSelected(path);
    shelf.expectRemoved(isMissing);
    const outcomes = [...(await mapBounded(sources, deploySource)), ...(await mapBounded(misplaced, deployMisplaced))];
    const removed = await shelf.removeWhere(isMissing);
    for (const path of removed) memory.forget(path);
    return reportOf(outcomes, removed);
  };

  return { deploy, folders: () => scan.folders };
};
