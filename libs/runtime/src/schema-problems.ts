import { type TSchema } from 'typebox';
import { Value } from 'typebox/value';

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
    } else if (error.keyword === 'const') groupAt(error.instancePath).choices.push(error.params.allowedValue);
    else if (error.keyword === 'enum') groupAt(error.instancePath).choices.push(...error.params.allowedValues);
    else groupAt(error.instancePath).messages.push(error.message);
  }
  return [...groups.values()].map((group) => ({ path: group.path, message: describeGroup(group) }));
};
