import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { AppError, messageOf } from '@millrace/kernel';
import { isForPreprocessor, type WorkflowVersion } from '@millrace/contracts';
import { INPUT_VALIDATORS_MAX } from '../limits.ts';

/** @throws AppError `invalid` `input.invalid` that says what does not fit and where. */
export type CheckInput = (version: WorkflowVersion, input: unknown) => void;

const OPTIONS = {
  strict: false,
  // One problem is reported: a large input cannot make a larger answer.
  allErrors: false,
  // Formats are annotations here; a workflow that needs more checks it itself.
  validateFormats: false,
  logger: false,
  // The deploy has checked the schema itself. Compiling the schema of schemas takes 50 ms, this one of the workflow 1 ms.
  meta: false,
  validateSchema: false,
} as const;

const compile = (schema: object): ValidateFunction => {
  const draft = '$schema' in schema ? String(schema.$schema) : '';
  // Each schema has a compiler of its own: a compiler remembers `$id`s and refuses the next version's.
  return draft.includes('draft-07') ? new Ajv(OPTIONS).compile(schema) : new Ajv2020(OPTIONS).compile(schema);
};

const describe = ({ instancePath, message = 'is not valid', params }: ErrorObject): string => {
  const where = instancePath === '' ? 'input' : `input${instancePath.replaceAll('/', '.')}`;
  const extra: unknown = (params as Record<string, unknown>)['additionalProperty'];
  return `${where} ${message}${typeof extra === 'string' ? `: ${extra}` : ''}`;
};

/** Checks inputs against the schema of a version, compiled once per version. */
export const makeInputCheck = (): CheckInput => {
  const compiled = new Map<string, ValidateFunction>();

  const validatorOf = ({ version, inputSchema }: WorkflowVersion, schema: object): ValidateFunction => {
    const known = compiled.get(version);
    if (known !== undefined) return known;
    try {
      const validator = compile(schema);
      const [oldest] = compiled.size >= INPUT_VALIDATORS_MAX ? compiled.keys() : [];
      if (oldest !== undefined) compiled.delete(oldest);
      compiled.set(version, validator);
      return validator;
    } catch (cause) {
      const detail = `the input schema of this workflow cannot be used: ${messageOf(cause)}`;
      throw new AppError('refused', 'workflow.bad_input_schema', detail, { cause, details: { inputSchema } });
    }
  };

  return (version, input) => {
    const { inputSchema } = version;
    if (typeof inputSchema !== 'object' || inputSchema === null) return;
    // The schema is that of the arguments, which the preprocessor has yet to make.
    if (isForPreprocessor(version, input)) return;
    const validate = validatorOf(version, inputSchema);
    if (validate(input)) return;
    const [problem] = validate.errors ?? [];
    const detail = problem === undefined ? 'the input does not fit the schema of the workflow' : describe(problem);
    throw new AppError('invalid', 'input.invalid', detail, {
      details: problem === undefined ? {} : { pointer: problem.instancePath },
    });
  };
};
