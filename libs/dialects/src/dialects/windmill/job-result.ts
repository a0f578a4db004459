import { type RunError } from '@millrace/contracts';
import { saysFailed } from './render-result.ts';

/** What is known of a run's end, from an event or from the read model. */
export interface RunEnd {
  readonly state: string;
  readonly output?: unknown;
  readonly error?: RunError | undefined;
}

/** Names that clients know. */
const NAMES: Readonly<Record<string, string>> = {
  exit_code: 'ExecutionErr',
  exception: 'Error',
  cancelled: 'Canceled',
  timeout: 'ExecutionErr',
};

/** The error of a run as clients read it. */
export const errorOf = ({ state, error }: RunEnd): Readonly<Record<string, unknown>> => ({
  error: {
    name: NAMES[error?.code ?? state] ?? error?.code ?? state,
    message: error?.message ?? `the run ended as ${state}`,
    stack: error?.stack ?? '',
  },
});

export const hasSucceeded = ({ state, output }: RunEnd): boolean => state === 'completed' && !saysFailed(output);

/** The result of a run that is over. */
export const resultOf = (end: RunEnd): unknown =>
  end.state === 'completed' || end.output !== undefined ? (end.output ?? null) : errorOf(end);
