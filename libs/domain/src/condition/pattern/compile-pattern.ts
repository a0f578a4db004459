import { isWordCharacter } from './character-class.ts';
import { compileProgram, type Instruction } from './compile-program.ts';
import { parsePattern } from './parse-pattern.ts';
import { type Assertion } from './syntax-tree.ts';

/**
 * Runs a regular expression as a Thompson machine: all its states at once, one character after the other.
 *
 * I1 A state is visited at most once per position, hence steps <= (characters + 1) x (instructions + excess), for every pattern and text.
 */
export interface Pattern {
  readonly instructions: number;
  /** Steps that all tests of characters together take beyond one each, of a character that is not ASCII. */
  readonly excess: number;
  run(text: string, options: PatternRun): PatternOutcome;
}

export interface PatternRun {
  /** `part`: somewhere in the text, as CEL has it. `whole`: all of it, as Java's `matches`. */
  readonly scope: 'part' | 'whole';
  /** Called at every position with the states that were visited there; throws to stop. */
  readonly onSteps?: (steps: number) => void;
}

export interface PatternOutcome {
  readonly matched: boolean;
  readonly steps: number;
}

interface Position {
  previous: number | undefined;
  next: number | undefined;
  /** What stands here is looked up by no test: it costs what the test weighs. */
  isSlow: boolean;
}

/** Tests look up what they know about characters below it. */
const ASCII_END = 0x80;
const NEWLINE = 0x0a;
const LAST_SINGLE_UNIT = 0xff_ff;
const isWord = (point: number | undefined): boolean => point !== undefined && isWordCharacter(point);

const holds = (assertion: Assertion, { previous, next }: Position): boolean => {
  switch (assertion) {
    case 'text-start':
      return previous === undefined;
    case 'text-end':
      return next === undefined;
    case 'line-start':
      return previous === undefined || previous === NEWLINE;
    case 'line-end':
      return next === undefined || next === NEWLINE;
    case 'word':
      return isWord(previous) !== isWord(next);
    case 'not-word':
      return isWord(previous) === isWord(next);
  }
};

/** What a run writes on; made once for a pattern, so that a position makes nothing. */
interface Machine {
  readonly program: readonly Instruction[];
  /** Position at which a state was visited last, counted over all runs: no set is emptied. */
  readonly visitedAt: Float64Array;
  /** States that are still to be visited: each leads to two others at most, and does so once. */
  readonly open: Int32Array;
  /** States that wait for the character at this position. */
  readonly waiting: Int32Array;
  /** States to begin the next position with. */
  readonly starts: Int32Array;
  /** Positions of all runs so far. */
  clock: number;
  /** How many of the lists count. */
  waitingCount: number;
  startsCount: number;
  /** Of this position. */
  steps: number;
  matched: boolean;
}

const makeMachine = (program: readonly Instruction[]): Machine => ({
  program,
  visitedAt: new Float64Array(program.length),
  open: new Int32Array(3 * program.length + 2),
  waiting: new Int32Array(program.length),
  starts: new Int32Array(program.length + 1),
  clock: 0,
  waitingCount: 0,
  startsCount: 0,
  steps: 0,
  matched: false,
});

/** Does what a state does without reading a character; gives the new length of `open`. */
const enter = (machine: Machine, state: number, position: Position, count: number): number => {
  const { open, waiting } = machine;
  const instruction = machine.program[state];
  switch (instruction?.op) {
    case 'character':
      waiting[machine.waitingCount++] = state;
      if (position.isSlow) machine.steps += instruction.weight - 1;
      return count;
    case 'jump':
      open[count] = instruction.to;
      return count + 1;
    case 'split':
      open[count] = instruction.second;
      open[count + 1] = instruction.first;
      return count + 2;
    case 'assert':
      open[count] = state + 1;
      return holds(instruction.assertion, position) ? count + 1 : count;
    default:
      machine.matched = true;
      return count;
  }
};

/** Visits every state that the starts lead to without reading a character, once. */
const visit = (machine: Machine, position: Position): void => {
  const { visitedAt, open, starts } = machine;
  const now = (machine.clock += 1);
  machine.steps = machine.waitingCount = 0;
  machine.matched = false;
  let count = machine.startsCount;
  for (let index = 0; index < count; index += 1) open[index] = starts[index] ?? 0;
  while (count > 0) {
    const state = open[(count -= 1)] ?? 0;
    if (visitedAt[state] === now) continue;
    visitedAt[state] = now;
    machine.steps += 1;
    count = enter(machine, state, position, count);
  }
};

/** Reads a character. */
const advance = (machine: Machine, point: number): void => {
  const { program, waiting, starts } = machine;
  let count = 0;
  for (let index = 0; index < machine.waitingCount; index += 1) {
    const state = waiting[index] ?? 0;
    const instruction = program[state];
    if (instruction?.op === 'character' && instruction.test(point)) starts[count++] = state + 1;
  }
  machine.startsCount = count;
};

const widthOf = (point: number): number => (point > LAST_SINGLE_UNIT ? 2 : 1);

const run = (machine: Machine, text: string, { scope, onSteps }: PatternRun): PatternOutcome => {
  const whole = scope === 'whole';
  const position: Position = { previous: undefined, next: undefined, isSlow: false };
  let steps = 0;
  machine.starts[0] = 0;
  machine.startsCount = 1;
  for (let at = 0; ;) {
    const next = (position.next = text.codePointAt(at));
    position.isSlow = next !== undefined && next >= ASCII_END;
    visit(machine, position);
    steps += machine.steps;
    onSteps?.(machine.steps);
    if (machine.matched && (!whole || next === undefined)) return { matched: true, steps };
    if (next === undefined) return { matched: false, steps };
    advance(machine, next);
    // Somewhere in the text: a match may begin at every position.
    if (!whole) machine.starts[machine.startsCount++] = 0;
    position.previous = next;
    at += widthOf(next);
  }
};

/** @throws AppError `invalid` `condition.syntax` when the pattern is not of the supported syntax, or too large. */
export const compilePattern = (source: string): Pattern => {
  const program = compileProgram(parsePattern(source));
  const machine = makeMachine(program);
  const excess = program.reduce((sum, one) => sum + (one.op === 'character' ? one.weight - 1 : 0), 0);
  return { instructions: program.length, excess, run: (text, options) => run(machine, text, options) };
};
