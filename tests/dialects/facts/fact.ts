import { type World } from '../world.ts';

/** A row of part 1 of the facts: which of them it shows, and how, on the running product. */
export interface Fact {
  /** Ids of the list of its protocol: `0.1/run-202`. */
  readonly shows: readonly string[];
  /** What is so; where we do otherwise, what we do. */
  readonly says: string;
  readonly show: (world: World) => Promise<unknown>;
}

/** A fact, in short words; with what we do instead, and why, where we do not the same. */
export type ListedFact = string | readonly [fact: string, ours: string];

/** Every fact of a protocol, by section and name. */
export type FactList = Readonly<Record<string, ListedFact>>;

/** Facts that nobody can see over the wire, and why each is none of ours. */
export type NotOurs = Readonly<Record<string, readonly [fact: string, reason: string]>>;
