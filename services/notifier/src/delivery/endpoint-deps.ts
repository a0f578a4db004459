import { type WebhookEndpoint } from '@millrace/contracts';
import { type LogConnection, type WebhookDeliveries } from '@millrace/eventlog';
import { type Clock, type Milliseconds } from '@millrace/kernel';
import { type Logger } from '@millrace/runtime';
import { type MakeMessage } from '../messages/make-message.ts';
import { type NotifierMetrics } from '../notifier-metrics.ts';
import { type SendMessage } from './send-message.ts';

/** What delivering to one endpoint needs of the world. */
export interface EndpointDeps {
  readonly connection: LogConnection;
  readonly deliveries: WebhookDeliveries;
  readonly makeMessage: MakeMessage;
  readonly send: SendMessage;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly chance: () => number;
  readonly schedule: readonly Milliseconds[];
  readonly timeoutMs: Milliseconds;
  readonly log: Logger;
  readonly metrics: NotifierMetrics;
  /** Name of this notifier in what it writes. */
  readonly writer: string;
  readonly disable: (endpoint: WebhookEndpoint, reason: string) => Promise<void>;
}
