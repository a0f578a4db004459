import { type DependencyHealth } from '@millrace/runtime';

/** Whether a loop makes progress, as the health page shows it. */
export interface LoopHealth {
  readonly well: () => void;
  readonly ill: (detail: string) => void;
  readonly read: () => DependencyHealth;
}

export const makeLoopHealth = (): LoopHealth => {
  let current: DependencyHealth = { ok: true };
  return {
    well: () => (current = { ok: true }),
    ill: (detail) => (current = { ok: false, detail }),
    read: () => current,
  };
};
