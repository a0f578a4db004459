import { type Trigger } from '@millrace/contracts';
import { type Budget, withBudgetOf } from '../condition/budget.ts';
import { compileCondition } from '../condition/compile-condition.ts';
import { compileMapping } from '../condition/compile-mapping.ts';
import { type CompiledCondition, type ConditionScope } from '../condition/condition-scope.ts';
import { kestraConditions } from '../condition/kestra-conditions.ts';

/** A request that a trigger wants. */
export interface Match {
  readonly matched: true;
  /** Made by the trigger's own mapping, if it has one; else the dialect makes the input. */
  readonly input?: Readonly<Record<string, unknown>>;
}

export type Ruling = Match | { readonly matched: false; readonly reason: string };

/** The expressions of a trigger, compiled. */
interface Rules {
  readonly conditions: readonly CompiledCondition[];
  readonly mapInput: ((scope: ConditionScope) => Record<string, unknown>) | undefined;
}

const compile = ({ conditions = [], input }: Trigger): Rules => ({
  conditions: conditions.map((condition) =>
    typeof condition === 'string' ? compileCondition(condition) : kestraConditions([condition]),
  ),
  mapInput: input === undefined ? undefined : compileMapping(input),
});

/** By trigger: the object belongs to a version, which never changes. */
const compiled = new WeakMap<Trigger, Rules>();

const rulesOf = (trigger: Trigger): Rules => {
  let rules = compiled.get(trigger);
  if (rules === undefined) compiled.set(trigger, (rules = compile(trigger)));
  return rules;
};

const apply = ({ conditions, mapInput }: Rules, scope: ConditionScope): Ruling => {
  for (const condition of conditions) {
    const { matched, reason = 'the condition is false' } = condition.matches(scope);
    if (!matched) return { matched, reason };
  }
  return mapInput === undefined ? { matched: true } : { matched: true, input: mapInput(scope) };
};

/**
 * Whether all conditions of a trigger hold, and the input that its own mapping makes.
 *
 * All of them share one budget: `CONDITION_LIMITS.costMax`.
 *
 * @param scopeOf Called once, and only when there is an expression to evaluate.
 * @param batch Of an event of a batch: what is left for all of them.
 * @throws AppError `invalid` `condition.failed` when the mapping cannot be made from this request.
 */
export const matchTrigger = (trigger: Trigger, scopeOf: () => ConditionScope, batch?: Budget): Ruling => {
  const rules = rulesOf(trigger);
  if (rules.conditions.length === 0 && rules.mapInput === undefined) return { matched: true };
  return withBudgetOf(batch, (budget) => apply(rules, { ...scopeOf(), budget }));
};
