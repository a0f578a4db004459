import { AppError } from '@millrace/kernel';
import { allows } from '@millrace/domain';
import { DEFAULT_WORKSPACE, type WorkflowVersion } from '@millrace/contracts';
import { type Catalog } from '@millrace/eventlog';
import { type Principal } from '../auth/access.ts';

export interface ResolvedWorkflow {
  readonly path: string;
  readonly version: WorkflowVersion;
}

const notFound = (workflow: string): AppError =>
  new AppError('not_found', 'workflow.not_found', `there is no workflow ${workflow}`, { details: { workflow } });

/**
 * The version that is in service under a path as somebody wrote it. A dot may stand for a slash, as in older clients of the serve dialect.
 *
 * @throws AppError `not_found` `workflow.not_found` when it does not exist or is none of the caller's business,
 * `refused` `workflow.not_in_service` when no deploy of it has succeeded yet.
 */
export const resolveWorkflow = (catalog: Catalog, principal: Principal, written: string): ResolvedWorkflow => {
  const exact = catalog.get(DEFAULT_WORKSPACE, written);
  const path = exact === undefined ? written.replaceAll('.', '/') : written;
  const entry = exact ?? (path === written ? undefined : catalog.get(DEFAULT_WORKSPACE, path));
  if (entry === undefined || !allows(principal.scopes, 'start', path)) throw notFound(written);
  if (entry.current === undefined) {
    const reason = entry.problem?.reason ?? 'it has not been deployed';
    throw new AppError('refused', 'workflow.not_in_service', `${path} is not in service: ${reason}`, {
      details: { workflow: path },
    });
  }
  return { path, version: entry.current };
};

/** @throws AppError `refused` `http.method_not_allowed` (405) naming the methods that start this workflow. */
export const checkMethod = (method: string, { path, version }: ResolvedWorkflow): void => {
  if (version.methods.includes(method)) return;
  throw new AppError('refused', 'http.method_not_allowed', `${method} does not start ${path}`, {
    details: { allow: version.methods },
  });
};
