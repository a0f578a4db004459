import { type World } from './world.ts';

/** The five dialects, and `hooks`, which is ours. */
export const DIALECTS = ['serve', 'windmill', 'sink', 'endpoints', 'kestra', 'hooks'] as const;
export type DialectName = (typeof DIALECTS)[number];

/** Performs a feature against the running product, and asserts. */
export type Show = (world: World) => Promise<unknown>;

/** A row of part 2.1 of the facts. */
export interface Feature {
  /** As the facts call it. */
  readonly name: string;
  /** By the dialects that have it, and by those whose answer to it must be shown; `server` for what belongs to none. */
  readonly shown: Readonly<Partial<Record<DialectName | 'server', Show>>>;
  /** What we do not have of it, and why. */
  readonly missing?: string;
}
