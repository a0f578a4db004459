import { type CatalogEntry, DEFAULT_WORKSPACE, type Trigger } from '@millrace/contracts';
import { type BoundTrigger, type Dialect, type TriggerDirectory, type WorkflowInService } from '@millrace/dialects';
import { type Catalog, type Versions } from '@millrace/eventlog';
import { AppError } from '@millrace/kernel';

export interface DirectoryDeps {
  readonly catalog: Catalog;
  readonly versions: Versions;
  readonly dialects: readonly Dialect[];
}

export interface KeptDirectory extends TriggerDirectory {
  readonly close: () => void;
}

const placeKey = (dialect: string, place: string): string => `${dialect} ${place}`;

/** Declared triggers by their places, kept up to date with the catalog. */
const makePlaces = (dialects: readonly Dialect[]) => {
  const byName = new Map(dialects.map((dialect) => [dialect.name, dialect]));
  const places = new Map<string, BoundTrigger[]>();
  const placesOf = new Map<string, readonly string[]>();

  const placeOf = ({ dialect, address }: Trigger, workflow: string): string | undefined => {
    const place = byName.get(dialect)?.declares?.placeOf(address, workflow);
    return place === undefined ? undefined : placeKey(dialect, place);
  };

  /** Made again after a change; until then dialects may remember what they made of it. */
  const declared = new Map<string, readonly BoundTrigger[]>();
  const declaredOf = (dialect: string): readonly BoundTrigger[] => {
    let all = declared.get(dialect);
    if (all === undefined) {
      const isOf = (place: string): boolean => place.startsWith(placeKey(dialect, ''));
      declared.set(dialect, (all = [...places].flatMap(([place, there]) => (isOf(place) ? there : []))));
    }
    return all;
  };

  const remove = (key: string): void => {
    declared.clear();
    for (const place of placesOf.get(key) ?? []) {
      const left = (places.get(place) ?? []).filter(({ workspace, workflow }) => `${workspace}/${workflow}` !== key);
      if (left.length === 0) places.delete(place);
      else places.set(place, left);
    }
    placesOf.delete(key);
  };

  const put = (key: string, service: WorkflowInService): void => {
    const taken: string[] = [];
    for (const trigger of service.version.triggers ?? []) {
      const place = placeOf(trigger, service.workflow);
      if (place === undefined) continue;
      places.set(place, [...(places.get(place) ?? []), { ...service, trigger }]);
      taken.push(place);
    }
    placesOf.set(key, taken);
  };

  return {
    put,
    remove,
    at: (dialect: string, place: string) => places.get(placeKey(dialect, place)) ?? [],
    declared: declaredOf,
  };
};

/** What can be started, from the catalog: in memory, and never older than it. */
export const openDirectory = ({ catalog, versions, dialects }: DirectoryDeps): KeptDirectory => {
  const services = new Map<string, WorkflowInService>();
  const places = makePlaces(dialects);

  const take = (key: string, entry: CatalogEntry | undefined): void => {
    places.remove(key);
    services.delete(key);
    if (entry?.current === undefined) return;
    const service = { workspace: entry.workspace, workflow: entry.path, version: entry.current };
    services.set(key, service);
    places.put(key, service);
  };

  for (const [key, entry] of catalog.entries()) take(key, entry);
  const stop = catalog.onChange(take);

  const refuseUndeployed = (path: string): void => {
    const entry = catalog.get(DEFAULT_WORKSPACE, path);
    if (entry === undefined) return;
    const reason = entry.problem?.reason ?? 'it has not been deployed';
    throw new AppError('refused', 'workflow.not_in_service', `${path} is not in service: ${reason}`, {
      details: { workflow: path },
    });
  };

  return {
    workflow: (path) => {
      const service = services.get(`${DEFAULT_WORKSPACE}/${path}`);
      if (service === undefined) refuseUndeployed(path);
      return service;
    },
    workflows: () => [...services.values()],
    versions: (hash) => versions.find(DEFAULT_WORKSPACE, hash),
    at: places.at,
    declared: places.declared,
    close: stop,
  };
};
