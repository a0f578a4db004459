import { matchesPattern } from './workflow-path.ts';

/** What a caller wants to do: look at runs and workflows; start a run; cancel and repeat those of anybody; manage tokens and deployments. */
export type Action = 'read' | 'start' | 'run' | 'admin';

const RESTRICTED = 'run:';

/** In the words of Windmill. Scripts and flows are the same here: a path names one workflow. */
const STARTS_ONLY = /^jobs:run(?::(?:scripts|flows)(?::(.+))?)?$/;

/** Of old, in the words of Windmill, whose paths begin so: `run:script/ops/deploy` is a workflow at `script/ops/deploy`. */
const OF_OLD = /^run:(script|flow)\/([uf]\/.+)$/;

/** A scope as it is kept: `run:script/u/bot/hello` of Windmill's older tokens is `jobs:run:scripts:u/bot/hello`. */
export const canonicalScope = (scope: string): string => scope.replace(OF_OLD, 'jobs:run:$1s:$2');

/** Patterns of what a scope lets start and nothing else; `undefined` for scopes of another kind. */
const startsOnly = (scope: string): readonly string[] | undefined => {
  const match = STARTS_ONLY.exec(scope);
  return match === null ? undefined : (match[1]?.split(',') ?? ['*']);
};

/** Patterns of the workflows that a scope is limited to; `undefined` for one that is about everything, or nothing. */
const patternsOf = (scope: string): readonly string[] | undefined =>
  scope.startsWith(RESTRICTED) ? [scope.slice(RESTRICTED.length)] : startsOnly(scope);

const grants = (scope: string, action: Action, path: string | undefined): boolean => {
  if (scope === 'admin') return true;
  if (action === 'admin') return false;
  if (scope === 'read') return action === 'read';
  // whoever may start a run may see what becomes of it
  if (scope === 'run') return true;
  if (path === undefined || (action !== 'start' && !scope.startsWith(RESTRICTED))) return false;
  return patternsOf(scope)?.some((pattern) => matchesPattern(pattern, path)) === true;
};

/**
 * Whether one of a token's scopes allows an action. `admin` allows all; `read` reads everything; `run` starts, cancels, repeats and reads
 * everything; `run:<path or pattern>` does so for matching workflows and is blind to the others; `jobs:run:scripts:<paths>` starts these
 * and nothing else. Unknown scopes allow nothing.
 *
 * @param path the workflow, or that of the run, which it is about; without it the question is about all of them
 */
export const allows = (scopes: readonly string[], action: Action, path?: string): boolean =>
  scopes.some((scope) => grants(scope, action, path));

/** Whether one of a token's scopes names exactly this workflow, in either kind of words: no pattern, and not everything. */
export const namesWorkflow = (scopes: readonly string[], path: string): boolean =>
  scopes.some((scope) => patternsOf(scope)?.includes(path) === true);

/** Whether a token can start anything at all. */
export const startsSomething = (scopes: readonly string[]): boolean =>
  scopes.some((scope) => scope === 'admin' || scope === 'run' || patternsOf(scope) !== undefined);

/** Whether a token is for workflows that its scopes name one by one: it may be where others could find it. */
export const namesItsWorkflows = (scopes: readonly string[]): boolean =>
  scopes.every((scope) => patternsOf(scope)?.every((pattern) => !pattern.includes('*')) === true);

/**
 * Whether a token may see a run: what its scopes read, and what it started itself.
 *
 * @param run with the id of the token that asked for it
 */
export const maySeeRun = (
  { id, scopes }: { readonly id: string; readonly scopes: readonly string[] },
  run: { readonly workflow: string; readonly requestedBy: string },
): boolean => allows(scopes, 'read', run.workflow) || (run.requestedBy === id && allows(scopes, 'start', run.workflow));
