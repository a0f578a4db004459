import { type WebhookEndpoint, webhookSecretPlace } from '@millrace/contracts';
import { parseRetryAfter } from '@millrace/domain';
import { type Clock, failpoint } from '@millrace/kernel';
import { type KeyRing, openValue } from '@millrace/secrets';
import { signRequest } from '@millrace/webhooks';
import { type OutboundClient } from '../outbound/outbound-client.ts';
import { RESPONSE_CHARS_MAX } from './limits.ts';

export interface OutgoingMessage {
  /** `webhook-id`. */
  readonly id: string;
  readonly body: string;
  readonly contentType: string;
}

/** What one attempt came to. */
export interface AttemptResult {
  /** `gone`: the receiver says that it wants no more. `aborted`: we gave up, nothing is known. */
  readonly outcome: 'delivered' | 'failed' | 'gone' | 'aborted';
  /** HTTP status, when there was an answer. */
  readonly status?: number;
  /** Why there was none. */
  readonly error?: string;
  /** Beginning of the answer's body. */
  readonly response?: string;
  /** Milliseconds that the receiver asked for. */
  readonly retryAfter?: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly durationMs: number;
}

export type SendMessage = (
  endpoint: WebhookEndpoint,
  message: OutgoingMessage,
  signal: AbortSignal,
) => Promise<AttemptResult>;

export interface SendDeps {
  readonly client: OutboundClient;
  readonly keys: KeyRing;
  readonly clock: Clock;
}

const GONE = 410;
const ASK_FOR_PATIENCE: ReadonlySet<number> = new Set([429, 503]);

const headersFor = (
  { id, url, secret }: WebhookEndpoint,
  message: OutgoingMessage,
  { keys, clock }: SendDeps,
): Readonly<Record<string, string>> | undefined => {
  const opened = openValue(keys, webhookSecretPlace(id), secret);
  if (opened.outcome !== 'opened') return undefined;
  const body = Buffer.from(message.body);
  const signed = { secret: opened.value, url, body, deliveryId: message.id, nowMs: clock.now() };
  return {
    'content-type': message.contentType,
    'user-agent': 'Millrace-Webhooks/1',
    ...signRequest('standard-webhooks', signed),
  };
};

/** Signs a message and sends it once. Never throws. */
export const makeSendMessage =
  (deps: SendDeps): SendMessage =>
  async (endpoint, message, signal) => {
    const at = deps.clock.now();
    const begun = deps.clock.monotonic();
    const took = (): Pick<AttemptResult, 'at' | 'durationMs'> => ({
      at,
      durationMs: Math.round(deps.clock.monotonic() - begun),
    });
    const headers = headersFor(endpoint, message, deps);
    if (headers === undefined) {
      return { outcome: 'failed', error: 'its secret cannot be opened with the master key of this server', ...took() };
    }
    const answer = await deps.client({ url: endpoint.url, headers, body: message.body, signal });
    if (answer.kind !== 'answered') {
      return { outcome: answer.kind === 'aborted' ? 'aborted' : 'failed', error: answer.reason, ...took() };
    }
    failpoint('notifier.after-post');
    const { status } = answer;
    const response = answer.body.slice(0, RESPONSE_CHARS_MAX);
    if (status >= 200 && status < 300) return { outcome: 'delivered', status, response, ...took() };
    const asked = ASK_FOR_PATIENCE.has(status) ? parseRetryAfter(answer.retryAfter, deps.clock.now()) : undefined;
    const outcome = status === GONE ? 'gone' : 'failed';
    return { outcome, status, response, ...(asked === undefined ? {} : { retryAfter: asked }), ...took() };
  };
