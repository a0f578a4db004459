import { ALL_DIALECTS, type TriggerDeclaration } from '@millrace/dialects';
import { Value } from 'typebox/value';

/** The dialects of which a workflow can declare triggers, by name. How they are declared does not depend on their settings. */
export const DECLARABLE: ReadonlyMap<string, TriggerDeclaration> = new Map(
  ALL_DIALECTS.flatMap(({ name, settings, make }) => {
    const defaults = Value.Default(settings, {}) as Readonly<Record<string, unknown>>;
    const { declares } = make(defaults);
    return declares === undefined ? [] : [[name, declares] as const];
  }),
);
