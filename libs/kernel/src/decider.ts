/** Decisions as data: what a command makes of a state, and what an event makes of it. */
export interface Decider<State, Command, Event> {
  readonly initialState: State;
  /** Refusals throw `AppError` `refused`; a repeated command returns `[]`. */
  readonly decide: (command: Command, state: State) => readonly Event[];
  readonly evolve: (state: State, event: Event) => State;
}
