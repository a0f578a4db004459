/** Why a request was not believed. */
export type RefusalReason =
  | 'missing_signature'
  | 'malformed_signature'
  | 'bad_signature'
  | 'missing_timestamp'
  | 'stale_timestamp'
  | 'future_timestamp'
  | 'no_secret';

export interface Refusal {
  readonly ok: false;
  readonly reason: RefusalReason;
  /** For people; names headers, never shows their values or a secret. */
  readonly detail: string;
}

export interface Acceptance {
  readonly ok: true;
  /** By which the sender names this delivery; the same when it is sent again. */
  readonly deliveryId: string | undefined;
}

export type Verdict = Acceptance | Refusal;

export const refuse = (reason: RefusalReason, detail: string): Refusal => ({ ok: false, reason, detail });

/** Tells a refusal from what a request claims. */
export const isRefusal = (value: object): value is Refusal => 'ok' in value && value.ok === false;
