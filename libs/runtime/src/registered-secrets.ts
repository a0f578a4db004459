import { makeValueRedactor, type ValueRedactor } from './value-redactor.ts';

/** Values that this process has known: those that were replaced may still be in something that is about to be written. */
const registered = new Set<string>();
let redactor: ValueRedactor | undefined;

/** From now on no line of a log and no span of this process shows these values. Safe to repeat. */
export const registerSecretValues = (values: readonly string[]): void => {
  const before = registered.size;
  for (const value of values) registered.add(value);
  if (registered.size > before) redactor = undefined;
};

/** The text without the values that were registered. Costs nothing while there are none. */
export const redactRegistered = (text: string): string => {
  if (registered.size === 0) return text;
  redactor ??= makeValueRedactor([...registered]);
  return redactor.text(text);
};
