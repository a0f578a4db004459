import { type DeployProblem } from '@millrace/contracts';
import { problemOf } from './fault.ts';
import { fingerprintOf } from './fingerprint.ts';
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

/** How a source looked when it was compiled last, and what became of it. */
interface Remembered {
  readonly metadataFile: string | undefined;
  readonly dependencies: readonly string[];
  readonly fingerprint: string;
  readonly outcome: Outcome;
}

const reportOf = (outcomes: readonly Outcome[], removed: readonly string[]): DeployReport => ({
  deployed: outcomes.flatMap((result) => (result.outcome === 'deployed' ? [result.workflow] : [])),
  unchanged: outcomes.flatMap((result) => (result.outcome === 'unchanged' ? [result.path] : [])),
  removed,
  problems: outcomes.flatMap((result) => (result.outcome === 'refused' ? [result.problem] : [])),
});

export const makeDeployer = (options: DeployOptions): Deployer => {
  const shelf = makeShelf(options);
  const remembered = new Map<string, Remembered>();
  let scan: FolderScan = { sources: [], misplaced: [], folders: [] };

  const compile = async (source: WorkflowSource): Promise<Outcome> => {
    const { path, metadataFile } = source;
    remembered.delete(path);
    const startedMs = Date.now();
    const reading = await readWorkflow(source, options);
    const outcome =
      reading.outcome === 'ready'
        ? await shelf.publish(path, reading)
        : await shelf.refuse(path, problemOf(reading.faults, options.clock.now()), true);
    // What an import lacks may appear in any folder.
    const dependencies = [...reading.dependencies, ...(reading.outcome === 'ready' ? [] : scan.folders)];
    const fingerprint = await fingerprintOf(dependencies);
    if (!fingerprint.changedSince(startedMs)) {
      remembered.set(path, { metadataFile, dependencies, fingerprint: fingerprint.text, outcome });
    }
    return outcome;
  };

  const isAsRemembered = async ({ metadataFile }: WorkflowSource, known: Remembered): Promise<boolean> =>
    known.metadataFile === metadataFile && known.fingerprint === (await fingerprintOf(known.dependencies)).text;

  const deploySource = async (source: WorkflowSource): Promise<Outcome> => {
    const { path } = source;
    const known = remembered.get(path);
    if (known === undefined || !(await isAsRemembered(source, known))) return compile(source);
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
    const outcomes = [...(await mapBounded(sources, deploySource)), ...(await mapBounded(misplaced, deployMisplaced))];
    const present = new Set([...scan.sources, ...scan.misplaced].map(({ path }) => path));
    const removed = await shelf.removeWhere((path) => !present.has(path) && isSelected(path));
    for (const path of removed) remembered.delete(path);
    return reportOf(outcomes, removed);
  };

  return { deploy, folders: () => scan.folders };
};
