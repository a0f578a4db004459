import { type CatalogEntry, type Trigger } from '@millrace/contracts';
import { type VersionDraft } from '../make-version.ts';
import { meets } from './meeting-triggers.ts';

/** The addresses that workflows have taken with their triggers: of two that want the same, the later one is refused. */
export interface PlaceClaims {
  /** Takes the addresses of a version, or says which workflow has one of them already. */
  readonly claim: (path: string, draft: VersionDraft) => string | undefined;
  /** Once a version is stored: says which workflow of another deployer was stored before it with one of its addresses. The claim is then given up. */
  readonly lostTo: (path: string, draft: VersionDraft) => string | undefined;
  /** Whether a version that was refused would be refused again. */
  readonly isStillRefused: (path: string, version: string) => boolean;
  /** Says which paths will be removed in the end: they are in nobody's way. */
  readonly expectRemoved: (isMissing: (path: string) => boolean) => void;
}

export interface ClaimsOptions {
  /** What is in the catalog of the workspace. */
  readonly entries: () => readonly CatalogEntry[];
  /** Whether an entry is of this deployer. */
  readonly isOwn: (entry: CatalogEntry) => boolean;
  /** The order in which the catalog took what it has. */
  readonly revisionOf: (path: string) => number;
}

/** Says of which other workflow a trigger has an address that the version wants. */
const clashWith = (
  path: string,
  { triggers = [] }: VersionDraft,
  others: Iterable<readonly [string, readonly Trigger[]]>,
): string | undefined => {
  if (triggers.length === 0) return undefined;
  for (const [other, theirs] of others) {
    for (const trigger of triggers) {
      const met = theirs.find((one) => meets(trigger, one, [path, other]));
      if (met !== undefined)
        return `the trigger ${trigger.id} has the same address and method as ${met.id} of ${other}`;
    }
  }
  return undefined;
};

/**
 * What was claimed here counts at once. Two deployers that store the same address at the same moment both find it free: of them the one whose
 * entry the catalog has later gives way, see `lostTo`.
 */
export const makePlaceClaims = ({ entries, isOwn, revisionOf }: ClaimsOptions): PlaceClaims => {
  let isLeaving: (path: string) => boolean = () => false;
  const claimed = new Map<string, readonly Trigger[]>();
  const refused = new Map<string, VersionDraft>();

  const standing = (): readonly CatalogEntry[] => entries().filter((entry) => !isOwn(entry) || !isLeaving(entry.path));

  const othersOf = (path: string): ReadonlyMap<string, readonly Trigger[]> => {
    const inCatalog = standing().map((entry) => [entry.path, entry.current?.triggers ?? []] as const);
    const all = new Map([...inCatalog, ...claimed]);
    all.delete(path);
    return all;
  };

  const clashOf = (path: string, draft: VersionDraft): string | undefined => clashWith(path, draft, othersOf(path));

  return {
    claim: (path, draft) => {
      const clash = clashOf(path, draft);
      if (clash === undefined) {
        claimed.set(path, draft.triggers ?? []);
        refused.delete(path);
      } else refused.set(path, draft);
      return clash;
    },
    lostTo: (path, draft) => {
      const own = revisionOf(path);
      const earlier = standing().filter(({ path: other }) => !claimed.has(other) && revisionOf(other) < own);
      const theirs = earlier.map((entry) => [entry.path, entry.current?.triggers ?? []] as const);
      const clash = clashWith(path, draft, theirs);
      if (clash === undefined) return undefined;
      claimed.delete(path);
      refused.set(path, draft);
      return clash;
    },
    isStillRefused: (path, version) => {
      const draft = refused.get(path);
      return draft?.version === version && clashOf(path, draft) !== undefined;
    },
    expectRemoved: (isMissing) => {
      isLeaving = isMissing;
      for (const known of [claimed, refused]) {
        for (const path of known.keys()) if (isMissing(path)) known.delete(path);
      }
    },
  };
};
