export type Level = 'OK' | 'WARN' | 'FAIL';

/** One line of the doctor. */
export interface Finding {
  readonly level: Level;
  /** What was looked at. */
  readonly name: string;
  readonly detail: string;
  /** What to do about it; with every level but OK. */
  readonly fix?: string;
}

export const ok = (name: string, detail: string): Finding => ({ level: 'OK', name, detail });
export const warn = (name: string, detail: string, fix: string): Finding => ({ level: 'WARN', name, detail, fix });
export const fail = (name: string, detail: string, fix: string): Finding => ({ level: 'FAIL', name, detail, fix });
