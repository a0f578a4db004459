import { type RunRequested, type WorkflowVersion } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { compileKey } from '../condition/compile-key.ts';

/** What a request carries so that the scheduler need not look at its input. */
export type AdmissionTerms = Pick<RunRequested['data'], 'concurrencyKey' | 'debounceKey' | 'priority'>;

/** Sources of keys that are kept compiled; the oldest goes first. */
const KEYS_MAX = 1_000;

type KeyOf = (input: unknown) => string;

const named = (name: string, source: string, keyOf: KeyOf, input: unknown): string => {
  try {
    return keyOf(input);
  } catch (error) {
    if (!(error instanceof AppError) || error.kind !== 'invalid') throw error;
    throw new AppError(
      'invalid',
      `${name}_key.failed`,
      `the ${name} key ${source} has no value for this input: ${error.message}`,
      {
        cause: error,
      },
    );
  }
};

/**
 * Evaluates what a version says about the place of a run in the queue, for one input. Expressions are compiled once.
 *
 * @throws (when called) AppError `invalid` `concurrency_key.failed`, `debounce_key.failed`.
 */
export const makeAdmissionTerms = (): ((
  version: Pick<WorkflowVersion, 'admission'>,
  input: unknown,
  priority?: number,
) => AdmissionTerms) => {
  const compiled = new Map<string, KeyOf>();
  const keyOf = (source: string): KeyOf => {
    const known = compiled.get(source);
    if (known !== undefined) return known;
    const made = compileKey(source);
    compiled.set(source, made);
    for (const oldest of compiled.keys()) {
      if (compiled.size <= KEYS_MAX) break;
      compiled.delete(oldest);
    }
    return made;
  };
  const valueOf = (name: string, source: string | undefined, input: unknown): string | undefined =>
    source === undefined ? undefined : named(name, source, keyOf(source), input);
  return ({ admission }, input, asked) => {
    const priority = asked ?? admission?.priority ?? 0;
    if (admission === undefined) return priority === 0 ? {} : { priority };
    const concurrencyKey = valueOf('concurrency', admission.concurrencyKey, input);
    const debounceKey = valueOf('debounce', admission.debounceKey, input);
    return {
      ...(concurrencyKey === undefined ? {} : { concurrencyKey }),
      ...(debounceKey === undefined ? {} : { debounceKey }),
      ...(priority === 0 ? {} : { priority }),
    };
  };
};
