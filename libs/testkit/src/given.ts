import { AppError, type Decider } from '@millrace/kernel';

export interface Given<Command, Event> {
  readonly when: (command: Command) => readonly Event[];
  /** Code of the refusal; an accepted command or any other error fails the test. */
  readonly refusal: (command: Command) => string;
}

/** `expect(given(runDecider, requested()).when(cancel)).toEqual([…])` */
export const given = <State, Command, Event>(
  decider: Decider<State, Command, Event>,
  ...history: readonly Event[]
): Given<Command, Event> => {
  const state = history.reduce(decider.evolve, decider.initialState);
  const when = (command: Command): readonly Event[] => decider.decide(command, state);
  const refusal = (command: Command): string => {
    try {
      when(command);
    } catch (error) {
      if (error instanceof AppError && error.kind === 'refused') return error.code;
      throw error;
    }
    throw new Error('expected a refusal');
  };
  return { when, refusal };
};
