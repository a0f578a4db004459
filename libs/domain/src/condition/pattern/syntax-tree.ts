/** Whether a character, as a code point, belongs. */
export type CharacterTest = (codePoint: number) => boolean;

/** A test that knows what it costs at worst, in steps of a run; 1 for all but large classes, Unicode's and `(?i)`. */
export interface WeighedTest {
  readonly test: CharacterTest;
  readonly weight: number;
}

export type Assertion = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word' | 'not-word';

export type PatternNode =
  | ({ readonly type: 'character' } & WeighedTest)
  | { readonly type: 'assertion'; readonly assertion: Assertion }
  | { readonly type: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly type: 'choice'; readonly options: readonly PatternNode[] }
  | { readonly type: 'repeat'; readonly part: PatternNode; readonly min: number; readonly max: number | undefined };
