import { syntaxError } from '../condition-error.ts';
import { CONDITION_LIMITS } from '../limits.ts';
import { type Assertion, type PatternNode, type WeighedTest } from './syntax-tree.ts';

/** Instructions of a Thompson machine. Targets are indexes. */
export type Instruction =
  | ({ readonly op: 'character' } & WeighedTest)
  | { readonly op: 'assert'; readonly assertion: Assertion }
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'match' };

/** Every visited node counts, also one that emits nothing: `((){1000}){1000}` must not take a million visits. */
interface Emitter {
  readonly program: Instruction[];
  visits: number;
}

const VISITS_MAX = 4 * CONDITION_LIMITS.patternSizeMax;

const tooLarge = () =>
  syntaxError(
    `regular expression: more than ${CONDITION_LIMITS.patternSizeMax} instructions when its repetitions are written out`,
  );

const add = <One extends Instruction>({ program }: Emitter, instruction: One): One => {
  if (program.length >= CONDITION_LIMITS.patternSizeMax) throw tooLarge();
  program.push(instruction);
  return instruction;
};

const emitChoice = (emitter: Emitter, options: readonly PatternNode[]): void => {
  const jumps: { to: number }[] = [];
  options.forEach((option, index) => {
    if (index === options.length - 1) {
      emit(emitter, option);
      return;
    }
    const split = add(emitter, { op: 'split', first: emitter.program.length + 1, second: 0 });
    emit(emitter, option);
    jumps.push(add(emitter, { op: 'jump', to: 0 }));
    split.second = emitter.program.length;
  });
  for (const jump of jumps) jump.to = emitter.program.length;
};

const emitLoop = (emitter: Emitter, part: PatternNode): void => {
  const start = emitter.program.length;
  const split = add(emitter, { op: 'split', first: start + 1, second: 0 });
  emit(emitter, part);
  add(emitter, { op: 'jump', to: start });
  split.second = emitter.program.length;
};

const emitRepeat = (emitter: Emitter, { part, min, max }: PatternNode & { readonly type: 'repeat' }): void => {
  for (let count = 0; count < min; count += 1) emit(emitter, part);
  if (max === undefined) {
    emitLoop(emitter, part);
    return;
  }
  const splits: { second: number }[] = [];
  for (let count = min; count < max; count += 1) {
    splits.push(add(emitter, { op: 'split', first: emitter.program.length + 1, second: 0 }));
    emit(emitter, part);
  }
  for (const split of splits) split.second = emitter.program.length;
};

const emit = (emitter: Emitter, node: PatternNode): void => {
  emitter.visits += 1;
  if (emitter.visits > VISITS_MAX) throw tooLarge();
  switch (node.type) {
    case 'character':
      add(emitter, { op: 'character', test: node.test, weight: node.weight });
      return;
    case 'assertion':
      add(emitter, { op: 'assert', assertion: node.assertion });
      return;
    case 'sequence':
      for (const part of node.parts) emit(emitter, part);
      return;
    case 'choice':
      emitChoice(emitter, node.options);
      return;
    case 'repeat':
      emitRepeat(emitter, node);
  }
};

/** @throws AppError `invalid` `condition.syntax` when the program is too large. */
export const compileProgram = (tree: PatternNode): readonly Instruction[] => {
  const emitter: Emitter = { program: [], visits: 0 };
  emit(emitter, tree);
  add(emitter, { op: 'match' });
  return emitter.program;
};
