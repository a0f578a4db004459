import { type TSchema } from 'typebox';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';

// The library stops after 8 errors, and a choice of eight words is nine of them. What is wrong is to be told at once.
Settings.Set({ maxErrors: 256 });

/** One thing that is wrong with a value, named by the path of keys that leads to it. */
export interface SchemaProblem {
  readonly path: readonly string[];
  readonly message: string;
}

interface ErrorGroup {
  readonly path: readonly string[];
  readonly messages: string[];
  readonly choices: unknown[];
}

const pathOf = (pointer: string): readonly string[] =>
  pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

const describeGroup = ({ messages, choices }: ErrorGroup): string => {
  if (choices.length === 0) return [...new Set(messages)].join(' and ');
  return `must be ${choices.length === 1 ? '' : 'one of '}${choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
};

/** What a text with this pattern is, where the schema says it: a pattern is not for people. */
const describePattern = (schema: TSchema, schemaPath: string): string | undefined => {
  let node: unknown = schema;
  for (const key of schemaPath.replace(/^#/, '').split('/').slice(1)) {
    node = typeof node === 'object' && node !== null ? Reflect.get(node, key) : undefined;
  }
  if (typeof node !== 'object' || node === null || !('description' in node)) return undefined;
  return typeof node.description === 'string' ? node.description : undefined;
};

type GroupAt = (pointer: string) => ErrorGroup;
type SchemaError = ReturnType<typeof Value.Errors>[number];

const patternMessage = (schema: TSchema, { schemaPath, message }: SchemaError): string => {
  const described = describePattern(schema, schemaPath);
  return described === undefined ? message : `must be ${described}`;
};

/** Says one error in the group of the path that it is about. */
const takeError = (schema: TSchema, error: SchemaError, groupAt: GroupAt): void => {
  const sayOf = (names: readonly string[], message: string): void => {
    for (const name of names) groupAt(`${error.instancePath}/${name}`).messages.push(message);
  };
  switch (error.keyword) {
    case 'required': {
      sayOf(error.params.requiredProperties, 'is missing');
      return;
    }
    case 'additionalProperties': {
      sayOf(error.params.additionalProperties, 'is not known here');
      return;
    }
    case 'boolean':
      return; // what stands at a place where nothing may stand was named already
    case 'const':
      groupAt(error.instancePath).choices.push(error.params.allowedValue);
      return;
    case 'enum':
      groupAt(error.instancePath).choices.push(...error.params.allowedValues);
      return;
    case 'pattern':
      groupAt(error.instancePath).messages.push(patternMessage(schema, error));
      return;
    default:
      groupAt(error.instancePath).messages.push(error.message);
  }
};

/** Everything in which `value` misses `schema`: one problem for each path, in the words of a person. */
export const schemaProblems = (schema: TSchema, value: unknown): readonly SchemaProblem[] => {
  const groups = new Map<string, ErrorGroup>();
  const groupAt: GroupAt = (pointer) => {
    const known = groups.get(pointer);
    if (known !== undefined) return known;
    const group: ErrorGroup = { path: pathOf(pointer), messages: [], choices: [] };
    groups.set(pointer, group);
    return group;
  };
  for (const error of Value.Errors(schema, value)) takeError(schema, error, groupAt);
  return [...groups.values()].map((group) => ({ path: group.path, message: describeGroup(group) }));
};
