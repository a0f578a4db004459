/** Priorities are whole numbers; more is sooner. 0 is what a workflow has that says nothing. */
export const PRIORITY_MIN = -10;
export const PRIORITY_MAX = 10;

export const PRIORITY_LEVELS = PRIORITY_MAX - PRIORITY_MIN + 1;

/** From 0 for the lowest. What is out of bounds counts as the bound. */
export const levelOf = (priority: number): number =>
  Math.min(PRIORITY_MAX, Math.max(PRIORITY_MIN, Math.trunc(priority))) - PRIORITY_MIN;

export const priorityOfLevel = (level: number): number => level + PRIORITY_MIN;
