import { type CatalogEntry, parseCatalogEntry, type WebhookFormat } from '@millrace/contracts';
import { type Change, changeMessage, keyOf, valueOf } from './change-event.ts';
import { type WebhookMessage } from './webhook-message.ts';

interface WorkflowChange {
  readonly event: 'workflow.deployed' | 'workflow.removed' | 'workflow.refused';
  readonly entry: CatalogEntry;
  readonly previousVersion: string | undefined;
}

const versionOf = (entry: CatalogEntry | undefined): string | undefined => entry?.current?.version;
const problemOf = (entry: CatalogEntry | undefined): string | undefined => entry?.problem?.at;

const eventOf = (
  before: CatalogEntry | undefined,
  after: CatalogEntry | undefined,
): WorkflowChange['event'] | undefined => {
  const version = versionOf(after);
  if (version !== versionOf(before)) return version === undefined ? 'workflow.removed' : 'workflow.deployed';
  const problem = problemOf(after);
  return problem !== undefined && problem !== problemOf(before) ? 'workflow.refused' : undefined;
};

const changeOf = (before: CatalogEntry | undefined, after: CatalogEntry | undefined): WorkflowChange | undefined => {
  const event = eventOf(before, after);
  const entry = after ?? before;
  return event === undefined || entry === undefined ? undefined : { event, entry, previousVersion: versionOf(before) };
};

const dataOf = ({ event, entry: { path, current, problem }, previousVersion }: WorkflowChange): unknown => {
  switch (event) {
    case 'workflow.deployed':
      return {
        path,
        version: current?.version,
        previousVersion,
        kind: current?.kind,
        description: current?.description,
        deployedFrom: current?.deployedFrom,
        deployedAt: current?.deployedAt,
      };
    case 'workflow.removed':
      return { path, previousVersion };
    case 'workflow.refused':
      return { path, problem };
  }
};

/** What Windmill's workspace webhook sends; it knows no refused deploys. */
const windmillBody = ({ event, entry, previousVersion }: WorkflowChange): unknown => {
  const { workspace, path, current } = entry;
  switch (event) {
    case 'workflow.deployed': {
      const type = previousVersion === undefined ? 'CreateScript' : 'UpdateScript';
      return { type, workspace, path, hash: current?.version };
    }
    case 'workflow.removed':
      return { type: 'DeleteScriptPath', workspace, path };
    case 'workflow.refused':
      return undefined;
  }
};

/** What a change of the catalog means; `undefined` when it means nothing to receivers. */
export const workflowMessage = (change: Change, format: WebhookFormat): WebhookMessage | undefined => {
  const found = changeOf(valueOf(change.before, parseCatalogEntry), valueOf(change.after, parseCatalogEntry));
  if (found === undefined) return undefined;
  const { event, entry } = found;
  if (format === 'millrace') {
    return changeMessage(change, { event, subject: entry.path, workspace: entry.workspace, data: dataOf(found) });
  }
  const body = windmillBody(found);
  if (body === undefined) return undefined;
  return {
    event,
    subject: entry.path,
    key: keyOf(change),
    body: JSON.stringify(body),
    contentType: 'application/json',
  };
};
