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

/** Everything in which `value` misses `schema`: one problem for each path, in the words of a person. */
export const schemaProblems = (schema: TSchema, value: unknown): readonly SchemaProblem[] => {
  const groups = new Map<string, ErrorGroup>();
  const groupAt = (pointer: string): ErrorGroup => {
    const known = groups.get(pointer);
    if (known !== undefined) return known;
    const group: ErrorGroup = { path: pathOf(pointer), messages: [], choices: [] };
    groups.set(pointer, group);
    return group;
  };
  for (const error of Value.Errors(schema, value)) {
    if (error.keyword === 'required') {
      for (const name of error.params.requiredProperties)
        groupAt(`${error.instancePath}/${name}`).messages.push('is missing');
    } else if (error.keyword === 'additionalProperties') {
      for (const name of error.params.additionalProperties)
        groupAt(`${error.instancePath}/${name}`).messages.push('is not known here');
    } else if (error.keyword === 'boolean') {
      // What stands at a place where nothing may stand was named already.
    } else if (error.keyword === 'const') groupAt(error.instancePath).choices.push(error.params.allowedValue);
    else if (error.keyword === 'enum') groupAt(error.instancePath).choices.push(...error.params.allowedValues);
    else if (error.keyword === 'pattern') {
      const described = describePattern(schema, error.schemaPath);
      groupAt(error.instancePath).messages.push(described === undefined ? error.message : `must be ${described}`);
    } else groupAt(error.instancePath).messages.push(error.message);
  }
  return [...groups.values()].map((group) => ({ path: group.path, message: describeGroup(group) }));
};
