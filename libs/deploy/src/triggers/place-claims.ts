import { type CatalogEntry, type Trigger } from '@millrace/contracts';
import { type VersionDraft } from '../make-version.ts';
import { meets } from './meeting-triggers.ts';

/** The addresses that workflows have taken with their triggers: of two that want the same, the later one is refused. */
export interface PlaceClaims {
  /** Takes the addresses of a version, or says which workflow has one of them already. */
  readonly claim: (path: string, draft: VersionDraft) => string | undefined;
  /** Whether a version that was refused would be refused again. */
  readonly isStillRefused: (path: string, version: string) => boolean;
  /** Says which paths will be removed in the end: they are in nobody's way. */
  readonly expectRemoved: (isMissing: (path: string) => boolean) => void;
}

/**
 * @param entries What is in the catalog of the workspace. What was claimed here counts at once; another deployer at the same moment is noticed by
 * `doctor` only.
 * @param isOwn Whether an entry is of this deployer.
 */
export const makePlaceClaims = (
  entries: () => readonly CatalogEntry[],
  isOwn: (entry: CatalogEntry) => boolean,
): PlaceClaims => {
  let isLeaving: (path: string) => boolean = () => false;
  const claimed = new Map<string, readonly Trigger[]>();
  const refused = new Map<string, VersionDraft>();

  const othersOf = (path: string): ReadonlyMap<string, readonly Trigger[]> => {
    const staying = entries().filter((entry) => !isOwn(entry) || !isLeaving(entry.path));
    const inCatalog = staying.map((entry) => [entry.path, entry.current?.triggers ?? []] as const);
    const all = new Map([...inCatalog, ...claimed]);
    all.delete(path);
    return all;
  };

  const clashOf = (path: string, { triggers = [] }: VersionDraft): string | undefined => {
    if (triggers.length === 0) return undefined;
    for (const [other, theirs] of othersOf(path)) {
      for (const trigger of triggers) {
        const met = theirs.find((one) => meets(trigger, one, [path, other]));
        if (met !== undefined)
          return `the trigger ${trigger.id} has the same address and method as ${met.id} of ${other}`;
      }
    }
    return undefined;
  };

  return {
    claim: (path, draft) => {
      const clash = clashOf(path, draft);
      if (clash === undefined) {
        claimed.set(path, draft.triggers ?? []);
        refused.delete(path);
      } else refused.set(path, draft);
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
