import { CONDITION_LIMITS } from './limits.ts';

/** Units of work that evaluations share, and how many they have used. Used up, nothing can be evaluated with it any more. */
export interface Budget {
  readonly max: number;
  spent: number;
}

/** All expressions of one request. */
export const makeBudget = (max: number = CONDITION_LIMITS.costMax): Budget => ({ max, spent: 0 });

/** All events of one batch. */
export const makeBatchBudget = (): Budget => makeBudget(CONDITION_LIMITS.batchCostMax);

/** Lends one event what a request may cost, or what is left of its batch, and takes what was used. */
export const withBudgetOf = <Result>(batch: Budget | undefined, work: (budget: Budget) => Result): Result => {
  if (batch === undefined) return work(makeBudget());
  const budget = makeBudget(Math.max(0, Math.min(CONDITION_LIMITS.costMax, batch.max - batch.spent)));
  try {
    return work(budget);
  } finally {
    batch.spent += budget.spent;
  }
};
