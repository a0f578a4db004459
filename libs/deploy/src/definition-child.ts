/**
 * A process of its own that evaluates one bundle and tells its parent what the default export is. Whatever the bundle does,
 * loops for ever or ends the process, happens here.
 */
import { pathToFileURL } from 'node:url';

const WORKFLOW = Symbol.for('millrace.workflow');

process.setSourceMapsEnabled(true);

const tell = (reading: unknown): void => {
  process.send?.(reading, () => process.exit(0));
};

const definitionOf = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || !(WORKFLOW in value)) return undefined;
  const branded = value[WORKFLOW] as { readonly definition?: unknown };
  return branded.definition ?? {};
};

/** A function and the like are no JSON: nothing of them would arrive. */
const textOf = (definition: unknown): string => {
  const text = JSON.stringify(definition) as string | undefined;
  if (text?.startsWith('{') === true) return text;
  throw new TypeError('defineWorkflow takes an object with the definition, and then a handler');
};

try {
  const module = (await import(pathToFileURL(process.argv[2] ?? '').href)) as { readonly default?: unknown };
  const definition = definitionOf(module.default);
  tell(definition === undefined ? { outcome: 'script' } : { outcome: 'workflow', definition: textOf(definition) });
} catch (error) {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  tell({ outcome: 'threw', message: `${name}: ${message}`, stack: stack ?? '' });
}
