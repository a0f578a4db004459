/** Bounds of conditions and expressions. What is over a bound of the source is refused at deploy. */
export const CONDITION_LIMITS = {
  /** Characters of an expression or a template. */
  sourceLengthMax: 4_096,
  /** Nodes of the syntax tree. */
  nodesMax: 500,
  /** Levels of brackets, members and calls. */
  depthMax: 32,
  /** Elements of a list that is written in an expression, and entries of a map. */
  elementsMax: 100,
  argumentsMax: 8,
  /**
   * Units of work of all expressions that are evaluated for one request, see {@link Meter}: 3 ms of a processor at worst, as measured;
   * attack A19 asks for less than 5.
   */
  costMax: 50_000,
  /** Units of work of all events of one batch; of each of them no more than of a request. */
  batchCostMax: 500_000,
  /** Characters of a text that an expression puts together. */
  textLengthMax: 1_048_576,
  /** Levels of the payload. */
  payloadDepthMax: 100,
  /** Characters of a regular expression. */
  patternLengthMax: 1_000,
  /** Instructions of a compiled regular expression, after counted repetitions are written out. */
  patternSizeMax: 2_000,
  /** Conditions of one list, with those inside `Not` and `Or`. */
  conditionsMax: 50,
} as const;
