import { suggest } from '@millrace/kernel';
import { type TObject, type TSchema } from 'typebox';
import { type TLocalizedValidationError } from 'typebox/error';
import { Value } from 'typebox/value';

/** Something wrong with a value inside metadata, named by the keys that lead to it. */
export interface Complaint {
  readonly keys: readonly string[];
  readonly reason: string;
}

const keysOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

const propertiesOf = (schema: unknown): Readonly<Record<string, TSchema>> =>
  typeof schema === 'object' && schema !== null && 'properties' in schema
    ? (schema.properties as Readonly<Record<string, TSchema>>)
    : {};

const knownAt = (schema: TObject, keys: readonly string[]): readonly string[] => {
  const inner = keys.reduce<unknown>((at, key) => propertiesOf(at)[key], schema);
  return Object.keys(propertiesOf(inner));
};

/** What to say of a name that is none of the known ones: which was meant, or which there are. */
export const hintOf = (name: string, known: readonly string[], what: string): string => {
  const meant = suggest(name, known);
  return meant === undefined ? `${what}: ${known.join(', ')}` : `did you mean "${meant}"?`;
};

/** Choices that a value may be one of: a union says them one by one, an enumeration all at once. */
const choicesOf = (error: TLocalizedValidationError): readonly string[] | undefined => {
  if (error.keyword === 'const') return [String(error.params.allowedValue)];
  return error.keyword === 'enum' ? error.params.allowedValues.map(String) : undefined;
};

/** Of these another error of the same value says more. */
const REPEATS = ['anyOf', 'boolean'];

/** In words: choices of a union are gathered, and what only repeats another error is left out. Values are never repeated. */
export const schemaComplaints = (schema: TObject, value: unknown, what: string): readonly Complaint[] => {
  const complaints: Complaint[] = [];
  const choices = new Map<string, string[]>();
  for (const error of Value.Errors(schema, value)) {
    const keys = keysOf(error.instancePath);
    const allowed = choicesOf(error);
    if (error.keyword === 'additionalProperties') {
      for (const name of error.params.additionalProperties) {
        const hint = hintOf(name, knownAt(schema, keys), 'known keys');
        complaints.push({ keys: [...keys, name], reason: `unknown key "${name}"; ${hint}` });
      }
    } else if (allowed !== undefined) {
      choices.set(error.instancePath, [...(choices.get(error.instancePath) ?? []), ...allowed]);
    } else if (!REPEATS.includes(error.keyword)) {
      complaints.push({ keys, reason: `${keys.length === 0 ? what : keys.join('.')} ${error.message}` });
    }
  }
  for (const [pointer, allowed] of choices) {
    const keys = keysOf(pointer);
    complaints.push({ keys, reason: `${keys.join('.')} must be one of ${allowed.join(', ')}` });
  }
  return complaints;
};
