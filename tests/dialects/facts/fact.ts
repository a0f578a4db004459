import { type World } from '../world.ts';

/** A row of part 1 of the facts: what one protocol says, in short, and what shows it on the running product. */
export interface Fact {
  /** As the facts number them: `0.1`. */
  readonly section: string;
  /** What is so; where we do otherwise, what we do. */
  readonly says: string;
  readonly show: (world: World) => Promise<unknown>;
}
