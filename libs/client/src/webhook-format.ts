/** A receiver that the server tells what happens. */
export interface Webhook {
  readonly id: string;
  /** Without its query. */
  readonly url: string;
  readonly description: string;
  readonly events: readonly string[];
  readonly format: 'millrace' | 'windmill';
  readonly created_at: string;
  readonly enabled: boolean;
  readonly disabled_reason?: string;
}

/** A new receiver; the only time that its signing secret is shown. */
export interface CreatedWebhook extends Webhook {
  readonly secret: string;
}

/** A message to a receiver. */
export interface WebhookDelivery {
  /** The header `webhook-id`. */
  readonly id: string;
  readonly event: string;
  readonly subject: string;
  readonly state: 'delivered' | 'waiting' | 'failed';
  readonly next_attempt_at?: string;
  /** The newest last. */
  readonly attempts: readonly {
    readonly attempt: number;
    readonly at: string;
    readonly duration_ms: number;
    readonly status?: number;
    readonly error?: string;
    readonly response?: string;
  }[];
}
