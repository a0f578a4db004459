import { type Budget, matchTrigger, type Ruling } from '@millrace/domain';
import { type AskedStart, conditionScopeOf } from '@millrace/dialects';

/**
 * Applies the conditions and the input mapping of a trigger to a request, or to one CloudEvent of it.
 *
 * @param batch What the expressions of all events of a batch may cost.
 * @throws AppError `invalid` `condition.failed` when the mapping cannot be made from this request.
 */
export const applyRules = (asked: AskedStart, nowMs: number, batch?: Budget): Ruling =>
  matchTrigger(asked.bound.trigger, () => conditionScopeOf(asked, nowMs), batch);
