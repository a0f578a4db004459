import type { Duration } from './definition.ts';

/** Which signature is demanded of a sender, on the bytes as they came. */
export interface TriggerSignatureDefinition {
  /** `github`, `gitlab`, `stripe`, `slack`, `shopify`, `twilio`, `discord`, `standard-webhooks`, `hmac`, … */
  readonly preset: string;
  /** Name of the secret; its value is set by `millrace secret set`, and may have several while it is rotated. */
  readonly secret?: string;
  /** Names of several secrets, each of which may have signed. */
  readonly secrets?: readonly string[];
  /** A delivery that is sent again gets the run of the first one (`first_run`, the default) or a run of its own (`allow`). */
  readonly repeats?: 'first_run' | 'allow';
  /** Further members as the preset has them: `tolerance_seconds`, `header`, `prefix`, `algorithm`, `template`, … */
  readonly [member: string]: unknown;
}

/** What the sender is answered, where it differs from what the dialect says. */
export interface TriggerResponseDefinition {
  /** Status of a request that was recorded and not waited for. */
  readonly accepted?: number;
  /** Status of a run that completed. */
  readonly completed?: number;
  /** Status of a run that ended in any other way. */
  readonly failed?: number;
  /** Status of a request whose condition is false. */
  readonly filtered?: number;
  /** `dialect`: as the dialect has it · `result`: the output of the run alone · `empty`: no body. */
  readonly body?: 'dialect' | 'result' | 'empty';
  readonly content_type?: string;
}

/**
 * A rule by which an HTTP request starts the workflow. Names are as in the `.yaml` beside a workflow; members of the address
 * (such as `path` of the dialect `hooks`) stand beside the others.
 *
 * @example
 * triggers: [
 *   { dialect: 'hooks', path: '/github', signature: { preset: 'github', secret: 'GITHUB_SECRET' }, when: 'body.ref == "refs/heads/main"' },
 * ]
 */
export interface TriggerDefinition {
  /** How it is called: `hooks`, `kestra`, `sink`, `endpoints`, … */
  readonly dialect: string;
  /** Unique in the workflow; default: the dialect's name. Give one where requests and rates are looked at by it. */
  readonly id?: string;
  /** Upper case, never HEAD. Default: the dialect's. */
  readonly methods?: readonly string[];
  /**
   * `token`: any token that may run the workflow · `workflow_key`: a key of this workflow · `path_key`: a key in the address ·
   * `signature`: the sender signs · `public`: anybody, and never by default. Default: what the declared proof is for.
   */
  readonly auth?: 'token' | 'workflow_key' | 'path_key' | 'signature' | 'public';
  /** A key in clear. Only its digest is kept in the catalog; but it stands in the source, so prefer `key_secret`. */
  readonly key?: string;
  /** Name of the secret that holds the key. */
  readonly key_secret?: string;
  readonly signature?: TriggerSignatureDefinition;
  /** Expressions (CEL over `body`, `headers`, `query`, `params`, `trigger`), all of which must hold. */
  readonly when?: string | readonly string[];
  /** Condition objects as Kestra has them. */
  readonly conditions?: readonly Readonly<Record<string, unknown>>[];
  /** Members of the input, and the CEL expression of each; absent: as the dialect reads a request. */
  readonly input?: Readonly<Record<string, string>>;
  /** `async`: answered once recorded · `sync`: answered with the result · `stream`: server-sent events. Default: the dialect's. */
  readonly mode?: 'async' | 'sync' | 'stream';
  readonly response?: TriggerResponseDefinition;
  /** So many requests in so long, for each caller; more are answered 429. */
  readonly rate_limit?: { readonly requests: number; readonly per: Duration };
  /** Addresses and networks (CIDR) that may call; absent: any. */
  readonly allow_from?: readonly string[];
  /** True lets pages of other sites call it from a browser. */
  readonly cross_site?: boolean;
  /** Stops once a run that it started has ended in one of these states. */
  readonly stop_after?: readonly ('completed' | 'failed' | 'cancelled' | 'timed_out' | 'rejected')[];
  /** Default true. */
  readonly enabled?: boolean;
  /** Members of the address, as the dialect has them. */
  readonly [member: string]: unknown;
}
