import { messageOf } from '@millrace/kernel';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type Complaint } from './schema-complaints.ts';

const keysOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

/** The keys that lead to the first member called `name`, which a compiler named without saying where. */
const findKey = (value: unknown, name: string): readonly string[] | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    if (key === name) return [key];
    const below = findKey(member, name);
    if (below !== undefined) return [key, ...below];
  }
  return undefined;
};

const OPTIONS = {
  strict: true,
  strictTypes: false,
  strictTuples: false,
  validateFormats: false,
  logger: false,
} as const;

const compilerFor = (schema: object): Ajv | Ajv2020 => {
  const draft = '$schema' in schema ? String(schema.$schema) : '';
  return draft.includes('draft-07') ? new Ajv(OPTIONS) : new Ajv2020(OPTIONS);
};

/** Why an input does not fit a schema that can be used; `undefined` when it does. */
export const inputComplaint = (schema: unknown, input: unknown): string | undefined => {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const ajv = compilerFor(schema);
  if (ajv.validate(schema, input)) return undefined;
  const [first] = ajv.errors ?? [];
  return `${first?.instancePath ?? ''} ${first?.message ?? 'does not fit the schema'}`.trim();
};

/**
 * Whether a value is a JSON Schema (2020-12, or draft-07 where it says so) that the gateway can hold inputs to. Unknown keywords are refused: a typing
 * error must not let everything pass. `format` is an annotation, as the standard has it by default.
 */
export const inputSchemaComplaints = (schema: unknown): readonly Complaint[] => {
  if (typeof schema !== 'object' || schema === null)
    return [{ keys: ['input'], reason: 'input must be a JSON Schema' }];
  const ajv = compilerFor(schema);
  try {
    ajv.compile(schema);
    return [];
  } catch (error) {
    const [first] = ajv.errors ?? [];
    if (first !== undefined) {
      const where = `/input${first.instancePath}`;
      return [
        {
          keys: ['input', ...keysOf(first.instancePath)],
          reason: `not a JSON Schema: ${where} ${first.message ?? 'is wrong'}`,
        },
      ];
    }
    const reason = messageOf(error);
    const keyword = /unknown keyword: "([^"]+)"/.exec(reason)?.[1];
    const keys = ['input', ...((keyword === undefined ? undefined : findKey(schema, keyword)) ?? [])];
    return [{ keys, reason: `not a JSON Schema: /${keys.join('/')}: ${reason}` }];
  }
};
