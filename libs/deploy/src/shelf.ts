import { type CatalogEntry, DEFAULT_WORKSPACE, type DeployProblem, encodeBundle } from '@millrace/contracts';
import type { Bundles, Catalog } from '@millrace/eventlog';
import { type Clock } from '@millrace/kernel';
import { problemOf, sameProblem } from './fault.ts';
import { type WorkflowReading } from './read-workflow.ts';
import { type WorkflowSource } from './scan-folder.ts';
import { makePlaceClaims, type PlaceClaims } from './triggers/place-claims.ts';

export interface DeployOptions {
  /** The workflows folder, absolute. */
  readonly folder: string;
  readonly catalog: Pick<Catalog, 'entries' | 'get' | 'revisionOf' | 'put' | 'remove'>;
  readonly bundles: Pick<Bundles, 'put'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Default `default`. */
  readonly workspace?: string;
  /** Who deploys. A deployer removes only what it has deployed itself. Default `server`, the server's own folder. */
  readonly source?: string;
}

export interface DeployedWorkflow {
  readonly path: string;
  readonly version: string;
  readonly kind: 'script' | 'workflow';
}

/** What became of one path. */
export type Outcome =
  | { readonly outcome: 'deployed'; readonly workflow: DeployedWorkflow }
  | { readonly outcome: 'unchanged'; readonly path: string }
  | { readonly outcome: 'refused'; readonly problem: DeployProblem };

const SERVER_SOURCE = 'server';

type Ready = WorkflowReading & { readonly outcome: 'ready' };

/** Where versions are put into service: one workspace of the catalog. Writes only what differs from what is there. */
export interface Shelf {
  /** Says which paths will be removed in the end: until then they are in nobody's way. */
  readonly expectRemoved: (isMissing: (path: string) => boolean) => void;
  readonly publish: (source: WorkflowSource, reading: Ready) => Promise<Outcome>;
  /** Notes a problem. With `keepsVersion` the version in service stays there. */
  readonly refuse: (path: string, problem: DeployProblem, keepsVersion: boolean) => Promise<Outcome>;
  /** Whether a path has this version, belongs to another deployer now, or still cannot have it because of another workflow. */
  readonly isSettled: (path: string, version: string) => boolean;
  /** Takes out of service what `isMissing` says and is of this deployer; bundles stay, runs in flight need them. */
  readonly removeWhere: (isMissing: (path: string) => boolean) => Promise<readonly string[]>;
}

interface Publishing extends Pick<DeployOptions, 'catalog' | 'bundles' | 'clock'> {
  readonly workspace: string;
  readonly claims: PlaceClaims;
  readonly put: (path: string, parts: Pick<CatalogEntry, 'current' | 'problem'>) => Promise<void>;
  readonly refuse: Shelf['refuse'];
  readonly isOwn: (entry: CatalogEntry) => boolean;
}

const makePublish = (publishing: Publishing): Shelf['publish'] => {
  const { catalog, bundles, clock, workspace, claims, put, refuse, isOwn } = publishing;

  /** Puts a version into service that has the addresses it wants, unless another deployer was faster with one of them. */
  const place = async ({ path, file }: WorkflowSource, { draft, bytes }: Ready): Promise<Outcome> => {
    const before = catalog.get(workspace, path);
    const { version, ...metadata } = draft;
    await bundles.put(version, encodeBundle(metadata, bytes));
    const deployedAt = new Date(clock.now()).toISOString();
    await put(path, { current: { ...draft, deployedAt, deployedFrom: file } });
    const lost = claims.lostTo(path, draft);
    if (lost === undefined) return { outcome: 'deployed', workflow: { path, version, kind: draft.kind } };
    const problem = problemOf([{ file, reason: lost }], clock.now());
    await put(path, { ...(before?.current !== undefined && { current: before.current }), problem });
    return { outcome: 'refused', problem };
  };

  return async (from, reading) => {
    const { path, file } = from;
    const { draft } = reading;
    const clash = claims.claim(path, draft);
    if (clash !== undefined) return refuse(path, problemOf([{ file, reason: clash }], clock.now()), true);
    const before = catalog.get(workspace, path);
    if (before?.current?.version !== draft.version) return place(from, reading);
    if (before.problem !== undefined || !isOwn(before)) await put(path, { current: before.current });
    return { outcome: 'unchanged', path };
  };
};

export const makeShelf = (options: DeployOptions): Shelf => {
  const { catalog, workspace = DEFAULT_WORKSPACE, source = SERVER_SOURCE } = options;
  const put = (path: string, parts: Pick<CatalogEntry, 'current' | 'problem'>): Promise<void> =>
    catalog.put({ workspace, path, ...(source !== SERVER_SOURCE && { source }), ...parts });
  const isOwn = (entry: CatalogEntry): boolean => (entry.source ?? SERVER_SOURCE) === source;
  const inWorkspace = (): readonly CatalogEntry[] =>
    [...catalog.entries().values()].filter((entry) => entry.workspace === workspace);
  const claims = makePlaceClaims({
    entries: inWorkspace,
    isOwn,
    revisionOf: (path) => catalog.revisionOf(workspace, path),
  });

  const refuse: Shelf['refuse'] = async (path, problem, keepsVersion) => {
    const before = catalog.get(workspace, path);
    const current = keepsVersion ? before?.current : undefined;
    if (before?.problem !== undefined && sameProblem(before.problem, problem) && before.current === current) {
      return { outcome: 'refused', problem: before.problem };
    }
    await put(path, { ...(current !== undefined && { current }), problem });
    return { outcome: 'refused', problem };
  };

  const publish = makePublish({ ...options, workspace, claims, put, refuse, isOwn });

  return {
    expectRemoved: claims.expectRemoved,
    publish,
    refuse,
    isSettled: (path, version) => {
      const entry = catalog.get(workspace, path);
      return (
        claims.isStillRefused(path, version) ||
        (entry !== undefined && (entry.current?.version === version || !isOwn(entry)))
      );
    },
    removeWhere: async (isMissing) => {
      const own = inWorkspace().filter(isOwn);
      const missing = own.map(({ path }) => path).filter(isMissing);
      for (const path of missing) await catalog.remove(workspace, path);
      return missing.sort();
    },
  };
};
