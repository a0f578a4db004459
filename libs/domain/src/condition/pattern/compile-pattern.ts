import { isWordCharacter } from './character-class.ts';
import { compileProgram, type Instruction } from './compile-program.ts';
import { parsePattern } from './parse-pattern.ts';
import { type Assertion } from './syntax-tree.ts';

/**
 * Runs a regular expression as a Thompson machine: all its states at once, one character after the other.
 *
 * I1 A state is visited at most once per position, hence steps <= (characters + 1) x instructions, for every pattern and text.
 */
export interface Pattern {
  readonly instructions: number;
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
  readonly previous: number | undefined;
  readonly next: number | undefined;
}

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

/** Where a state leads without reading a character. */
const successors = (instruction: Instruction | undefined, state: number, position: Position): readonly number[] => {
  switch (instruction?.op) {
    case 'jump':
      return [instruction.to];
    case 'split':
      return [instruction.second, instruction.first];
    case 'assert':
      return holds(instruction.assertion, position) ? [state + 1] : [];
    default:
      return [];
  }
};

/** The states that wait for a character at this position, and whether the end was reached. */
const closure = (program: readonly Instruction[], starts: readonly number[], position: Position) => {
  const seen = new Set<number>();
  const waiting: number[] = [];
  const open = [...starts];
  let matched = false;
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (seen.has(state)) continue;
    seen.add(state);
    const instruction = program[state];
    if (instruction?.op === 'match') matched = true;
    else if (instruction?.op === 'character') waiting.push(state);
    else open.push(...successors(instruction, state, position));
  }
  return { waiting, matched, steps: seen.size };
};

const advance = (program: readonly Instruction[], waiting: readonly number[], point: number): number[] =>
  waiting.flatMap((state) => {
    const instruction = program[state];
    return instruction?.op === 'character' && instruction.test(point) ? [state + 1] : [];
  });

const widthOf = (point: number): number => (point > LAST_SINGLE_UNIT ? 2 : 1);

const run = (program: readonly Instruction[], text: string, { scope, onSteps }: PatternRun): PatternOutcome => {
  const whole = scope === 'whole';
  let steps = 0;
  let states: number[] = [0];
  let previous: number | undefined;
  for (let at = 0; ;) {
    const next = text.codePointAt(at);
    const here = closure(program, states, { previous, next });
    steps += here.steps;
    onSteps?.(here.steps);
    if (here.matched && (!whole || next === undefined)) return { matched: true, steps };
    if (next === undefined) return { matched: false, steps };
    states = advance(program, here.waiting, next);
    // Somewhere in the text: a match may begin at every position.
    if (!whole) states.push(0);
    previous = next;
    at += widthOf(next);
  }
};

/** @throws AppError `invalid` `condition.syntax` when the pattern is not of the supported syntax, or too large. */
export const compilePattern = (source: string): Pattern => {
  const program = compileProgram(parsePattern(source));
  return { instructions: program.length, run: (text, options) => run(program, text, options) };
};
