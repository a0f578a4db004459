/** Addresses below `/api/w/{workspace}`, and what they name. */
import { AppError } from '@millrace/kernel';
import { type InboundRequest } from '../../inbound-request.ts';
import { type TriggerDirectory, type WorkflowInService } from '../../trigger-directory.ts';
import { HASH_DIGITS } from './job-view.ts';
import { type WindmillSettings } from './settings.ts';

export const WORKSPACE = '/api/w/:workspace';

/** How an address names what shall run. */
export type Naming = 'path' | 'hash' | 'flow-version';

/** The versions of flows are numbers there: here the first 64 bits of the hash. */
const hashOfFlowVersion = (text: string): string =>
  /^\d{1,20}$/.test(text) ? BigInt(text).toString(16).padStart(HASH_DIGITS, '0') : text;

const lastOf = ({ params }: InboundRequest): string => params['*'] ?? params['version'] ?? '';

export const isKnownWorkspace = ({ params }: InboundRequest, { workspaces }: WindmillSettings): boolean =>
  workspaces.length === 0 || workspaces.includes(params['workspace'] ?? '');

/** What may be started at an address; several when equal files lie under several paths. */
export const workflowsAt = (
  request: InboundRequest,
  directory: TriggerDirectory,
  naming: Naming,
): readonly WorkflowInService[] => {
  const named = lastOf(request);
  if (naming === 'path') {
    const found = directory.workflow(named);
    return found === undefined ? [] : [found];
  }
  return directory.versions(naming === 'hash' ? named : hashOfFlowVersion(named));
};

const ENTITY: Readonly<Record<Naming, string>> = { path: 'script', hash: 'script', 'flow-version': 'flow version' };

export const notFoundAt =
  (naming: Naming) =>
  (request: InboundRequest): AppError => {
    const named = lastOf(request);
    const by = naming === 'path' ? 'name' : naming === 'hash' ? 'hash' : 'version';
    return new AppError('not_found', 'workflow.not_found', `${ENTITY[naming]} not found at ${by} ${named}`, {
      details: { workflow: named },
    });
  };
