import { AppError } from '@millrace/kernel';
import { type BoundTrigger, type TriggerDirectory } from '../../trigger-directory.ts';
import { isEventSource } from './event-source.ts';

/** The last part of a path: `handle_webhook` of `hooks/handle_webhook`. */
export const lastPartOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const VERSION = /^[0-9a-f]{16,64}$/;

/** The names under which a declared trigger is called. */
export const namesOf = ({ workflow, trigger: { address } }: Pick<BoundTrigger, 'workflow' | 'trigger'>) => {
  const { name, workflow_id: id } = address as { readonly name?: string; readonly workflow_id?: string };
  const short = name ?? lastPartOf(workflow);
  return [...new Set([short, workflow, ...(id === undefined ? [] : [id.toLowerCase()])])];
};

type Index = ReadonlyMap<string, readonly BoundTrigger[]>;

/** By the list that a directory gives, which stays the same until something about it changes. */
const indexes = new WeakMap<readonly BoundTrigger[], Index>();

const indexOf = (declared: readonly BoundTrigger[]): Index => {
  let index = indexes.get(declared);
  if (index === undefined) {
    const named = declared.filter(({ trigger }) => !isEventSource(trigger));
    const pairs = named.flatMap((bound) => namesOf(bound).map((name) => ({ name, bound })));
    const grouped = [...Map.groupBy(pairs, ({ name }) => name)];
    index = new Map(grouped.map(([name, members]) => [name, members.map(({ bound }) => bound)]));
    indexes.set(declared, index);
  }
  return index;
};

const ambiguous = (name: string, found: readonly BoundTrigger[]): AppError => {
  const paths = [...new Set(found.map(({ workflow }) => workflow))].sort();
  const message = `Several workflows are named '${name}': call one by its path`;
  // Only who may run one of them is told about it, unless anyone may.
  const isOpen = found.every(({ trigger }) => trigger.auth === 'public');
  return new AppError('refused', 'endpoint.ambiguous', message, { details: isOpen ? {} : { workflow: paths[0] } });
};

/** Triggers of an earlier version that is called by its hash: as that version declares them. */
const ofVersion = (hash: string, dialect: string, directory: TriggerDirectory): readonly BoundTrigger[] =>
  directory
    .versions(hash)
    .flatMap((service) =>
      (service.version.triggers ?? [])
        .filter((trigger) => trigger.dialect === dialect && !isEventSource(trigger))
        .map((trigger) => ({ ...service, trigger })),
    );

/**
 * The triggers that a reference means: the name of a workflow, its whole path, its UUID, or the hash of a version. A name in use counts
 * before a hash.
 *
 * @throws AppError `refused` `endpoint.ambiguous` when workflows with different paths have the name.
 */
export const findEndpoint = (
  reference: string,
  dialect: string,
  directory: TriggerDirectory,
): readonly BoundTrigger[] => {
  const key = UUID.test(reference) ? reference.toLowerCase() : reference;
  const all = indexOf(directory.declared(dialect)).get(key) ?? [];
  const enabled = all.filter(({ trigger }) => trigger.enabled);
  // A disabled one is still the one that was meant: the gateway knows whether somebody has enabled it by hand.
  const found = enabled.length > 0 ? enabled : all;
  const exact = found.filter(({ workflow }) => workflow === key);
  if (exact.length > 0) return exact;
  if (new Set(found.map(({ workflow }) => workflow)).size > 1) throw ambiguous(reference, found);
  return found.length === 0 && VERSION.test(key) ? ofVersion(key, dialect, directory) : found;
};
