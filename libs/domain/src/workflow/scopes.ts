import { matchesPattern } from './workflow-path.ts';

/** What a caller wants to do: look at runs and workflows; start, cancel or repeat runs; manage tokens and deployments. */
export type Action = 'read' | 'run' | 'admin';

const RESTRICTED = 'run:';

const grants = (scope: string, action: Action, path: string | undefined): boolean => {
  if (scope === 'admin') return true;
  if (action === 'admin') return false;
  if (scope === 'read') return action === 'read';
  // whoever may start a run may see what becomes of it
  if (scope === 'run') return true;
  return path !== undefined && scope.startsWith(RESTRICTED) && matchesPattern(scope.slice(RESTRICTED.length), path);
};

/**
 * Whether one of a token's scopes allows an action. `admin` allows all; `read` reads everything; `run` starts, cancels, repeats and reads
 * everything; `run:<path or pattern>` does so for matching workflows and is blind to the others. Unknown scopes allow nothing.
 *
 * @param path the workflow, or that of the run, which it is about; without it the question is about all of them
 */
export const allows = (scopes: readonly string[], action: Action, path?: string): boolean =>
  scopes.some((scope) => grants(scope, action, path));
