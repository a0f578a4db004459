import { DEFAULT_WORKSPACE, parseTokenRecord, type TokenRecord } from '@millrace/contracts';
import { type Change, changeMessage, valueOf } from './change-event.ts';
import { type WebhookMessage } from './webhook-message.ts';

/** Everything but the hash of its text. */
const withoutHash = ({ id, label, scopes, createdAt, expiresAt }: TokenRecord): unknown => ({
  id,
  label,
  scopes,
  createdAt,
  expiresAt,
});

const eventOf = (before: TokenRecord | undefined, after: TokenRecord | undefined): string | undefined => {
  if (after === undefined) return before === undefined ? undefined : 'token.revoked';
  return before === undefined ? 'token.created' : 'token.changed';
};

/** What a change of the tokens means; `undefined` when it means nothing to receivers. */
export const tokenMessage = (change: Change): WebhookMessage | undefined => {
  const before = valueOf(change.before, parseTokenRecord);
  const after = valueOf(change.after, parseTokenRecord);
  const event = eventOf(before, after);
  const token = after ?? before;
  if (event === undefined || token === undefined) return undefined;
  return changeMessage(change, { event, subject: token.id, workspace: DEFAULT_WORKSPACE, data: withoutHash(token) });
};
