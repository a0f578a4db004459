import { AppError } from '@millrace/kernel';
import { failedError, placeOf, syntaxError } from './condition-error.ts';
import { type CompiledExpression, type ConditionScope } from './condition-scope.ts';
import { CONDITION_LIMITS } from './limits.ts';
import { makeMeter, type Meter } from './meter.ts';
import { parsePebble } from './pebble/parse-pebble.ts';
import { type PebbleNode } from './pebble/pebble-node.ts';
import { joined, needed, printed } from './pebble/pebble-value.ts';

export interface CompiledTemplate extends CompiledExpression {
  /** The text with every `{{ … }}` replaced. */
  evaluate(scope: ConditionScope): string;
}

const OPENING = /\{\{-?|\{%|\{#/g;

const UNSUPPORTED: ReadonlyMap<string, string> = new Map([
  ['{%', 'tags {% … %} are not supported in a condition'],
  ['{#', 'comments {# … #} are not supported in a condition'],
]);

const parse = (source: string): readonly (string | PebbleNode)[] => {
  const parts: (string | PebbleNode)[] = [];
  let at = 0;
  for (;;) {
    OPENING.lastIndex = at;
    const opening = OPENING.exec(source);
    if (opening === null) return [...parts, source.slice(at)];
    const [sign] = opening;
    const unsupported = UNSUPPORTED.get(sign);
    if (unsupported !== undefined) throw syntaxError(unsupported, placeOf(source, opening.index));
    const { node, end } = parsePebble(source, opening.index + sign.length);
    parts.push(source.slice(at, opening.index), node);
    at = end;
  }
};

const render = (parts: readonly (string | PebbleNode)[], scope: ConditionScope, meter: Meter): string => {
  meter.begin(scope.budget);
  let text = '';
  for (const part of parts) {
    text = joined(
      text,
      typeof part === 'string' ? part : printed(needed(part.evaluate({ scope, meter })), meter),
      meter,
    );
  }
  return text;
};

/**
 * Kestra's form: text with `{{ … }}` in the part of Pebble that conditions of webhooks use. Variables are strict.
 *
 * @throws AppError `invalid` `condition.syntax` that names what is not supported.
 */
export const compileTemplate = (source: string): CompiledTemplate => {
  if (source.length > CONDITION_LIMITS.sourceLengthMax) {
    throw syntaxError(`longer than ${CONDITION_LIMITS.sourceLengthMax} characters`);
  }
  const parts = parse(source);
  const meter = makeMeter();
  return {
    source,
    evaluate: (scope) => {
      try {
        return render(parts, scope, meter);
      } catch (error) {
        if (error instanceof AppError) throw error;
        throw failedError('the template cannot be evaluated for this request');
      }
    },
  };
};
