import { type Budget, makeBudget } from './budget.ts';
import { failedError } from './condition-error.ts';
import { CONDITION_LIMITS } from './limits.ts';

const TEXT_PER_UNIT = 64;
/** Comparisons of characters, at worst, of a search that one unit pays for. */
const SEARCH_PER_UNIT = 768;

/**
 * Counts the work of evaluations, before it is done. One unit is one step of a loop over a list,
 * one member that is compared, one state of a regular expression, or 64 characters that are read: at worst 60 ns, see
 * `CONDITION_LIMITS.costMax`.
 */
export interface Meter {
  /** @throws AppError `invalid` `condition.failed` when that is more than the budget has left. */
  charge(units: number): void;
  readonly spent: number;
  readonly exceeded: boolean;
  /** Before each evaluation; without a budget it has one of its own. */
  begin(budget?: Budget): void;
}

export const overBudget = () =>
  failedError(
    `the expressions cost more than ${CONDITION_LIMITS.costMax} units for a request, or ${CONDITION_LIMITS.batchCostMax} for a batch`,
  );

export const makeMeter = (): Meter => {
  let used = makeBudget();
  // One for all: CEL's quantifiers go on behind an error, and a stack for each of them would cost more than the work.
  const error = overBudget();
  return {
    charge(units) {
      used.spent += units;
      if (used.spent > used.max) throw error;
    },
    get spent() {
      return used.spent;
    },
    get exceeded() {
      return used.spent > used.max;
    },
    begin(budget = makeBudget()) {
      used = budget;
    },
  };
};

export const textCost = (length: number): number => Math.ceil(length / TEXT_PER_UNIT);

/** Of finding one text in another: what the worst algorithm would do. */
export const searchCost = (length: number, soughtLength: number): number =>
  textCost(length) + Math.ceil((length * soughtLength) / SEARCH_PER_UNIT);

/** Of one value without what is inside its members. */
export const shallowCost = (value: unknown): number => {
  if (typeof value === 'string') return textCost(value.length);
  if (value instanceof Uint8Array) return textCost(value.length);
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  return 1;
};

const chargeMember = (meter: Meter, member: unknown, open: unknown[]): void => {
  if (typeof member === 'string') meter.charge(textCost(member.length));
  else if (typeof member === 'object' && member !== null) open.push(member);
};

const membersOf = (value: object): readonly unknown[] | Map<unknown, unknown> =>
  Array.isArray(value) || value instanceof Map ? value : (Object.values(value) as unknown[]);

/** Charges for every member at every level, before it looks at them, and stops walking at the limit. */
export const chargeDeep = (meter: Meter, value: unknown): void => {
  meter.charge(1);
  const open: unknown[] = [];
  chargeMember(meter, value, open);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const members = membersOf(next as object);
    meter.charge(shallowCost(members));
    for (const member of members.values()) chargeMember(meter, member, open);
  }
};
