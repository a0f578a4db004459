import { failedError } from '../condition-error.ts';
import { type ConditionScope } from '../condition-scope.ts';
import { type PebbleContext, type PebbleNode } from './pebble-node.ts';
import { isObject, Missing, needed, type PebbleValue } from './pebble-value.ts';

const VARIABLES: ReadonlyMap<string, (scope: ConditionScope) => unknown> = new Map([
  ['trigger', (scope: ConditionScope): unknown => scope.trigger],
  ['body', (scope: ConditionScope): unknown => scope.body],
  ['headers', (scope: ConditionScope): unknown => scope.headers],
  ['query', (scope: ConditionScope): unknown => scope.query],
  ['params', (scope: ConditionScope): unknown => scope.params ?? {}],
]);

export const VARIABLE_NAMES: readonly string[] = [...VARIABLES.keys()];

export const variableNode = (name: string): PebbleNode | undefined => {
  const read = VARIABLES.get(name);
  return read === undefined ? undefined : { path: name, evaluate: ({ scope }) => read(scope) };
};

/** Names of headers have no case: a client, or HTTP/2, may send `x-github-event` for `X-GitHub-Event`. */
const CASELESS_PATHS = new Set(['trigger.headers', 'headers']);

const ownName = (value: Readonly<Record<string, unknown>>, name: string, caseless: boolean): string | undefined => {
  if (Object.hasOwn(value, name)) return name;
  if (!caseless) return undefined;
  const lower = name.toLowerCase();
  return Object.keys(value).find((candidate) => candidate.toLowerCase() === lower);
};

interface Access {
  readonly owner: PebbleNode;
  readonly path: string;
}

const memberOfList = (list: readonly unknown[], key: unknown, { path }: Access): PebbleValue =>
  typeof key === 'number' && key in list ? list[key] : new Missing(path);

const memberOfObject = (
  object: Readonly<Record<string, unknown>>,
  key: unknown,
  { owner, path }: Access,
): PebbleValue => {
  if (typeof key !== 'string' && typeof key !== 'number') return new Missing(path);
  const name = ownName(object, String(key), CASELESS_PATHS.has(owner.path ?? ''));
  return name === undefined ? new Missing(path) : object[name];
};

const memberOf = (value: PebbleValue, key: unknown, access: Access): PebbleValue => {
  if (value instanceof Missing) return value;
  if (value === null) return new Missing(access.path);
  if (Array.isArray(value)) return memberOfList(value, key, access);
  if (isObject(value)) return memberOfObject(value, key, access);
  throw failedError(`${access.owner.path ?? 'a value'} has no members`);
};

/** `owner.name` */
export const attributeNode = (owner: PebbleNode, name: string): PebbleNode => {
  const path = `${owner.path ?? '…'}.${name}`;
  return { path, evaluate: (context) => memberOf(owner.evaluate(context), name, { owner, path }) };
};

/** `owner[key]` */
export const subscriptNode = (owner: PebbleNode, key: PebbleNode): PebbleNode => {
  const path = `${owner.path ?? '…'}[…]`;
  return {
    path,
    evaluate: (context: PebbleContext) =>
      memberOf(owner.evaluate(context), needed(key.evaluate(context)), { owner, path }),
  };
};
