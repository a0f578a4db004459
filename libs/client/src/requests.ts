import { type ReadBody } from './read-body.ts';
import { type Send } from './send.ts';

/** What became of a request that reached a trigger. */
export type RequestOutcome = 'accepted' | 'refused' | 'filtered' | 'duplicate' | 'challenge';

/** A request that reached a trigger; one that was accepted has the id of its run. */
export interface InboxRequest {
  readonly id: string;
  readonly time: string;
  readonly workflow: string;
  readonly dialect: string;
  /** `*`: several share the address, and none of them was meant. */
  readonly trigger: string;
  readonly outcome: RequestOutcome;
  /** Code of the error, else the outcome. */
  readonly code: string;
  readonly reason?: string;
  /** `token`, `key`, `signature:github`, `public`, `none`. */
  readonly verified: string;
  readonly method: string;
  readonly path: string;
  readonly from?: string;
  /** Id by which the sender names this delivery. */
  readonly delivery?: string;
  /** The run that it started; of a duplicate, the run of the first one. */
  readonly run_id?: string;
  readonly requested_by?: string;
}

/** With what was sent. Credentials are `***`. Of a request that was accepted, the input is with its run. */
export interface InboxRequestDetail extends InboxRequest {
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: {
    readonly text: string;
    readonly encoding: 'utf8' | 'base64';
    /** More came than was kept. */
    readonly cut: boolean;
  };
  readonly body_bytes?: number;
}

export interface InboxRequestPage {
  readonly requests: readonly InboxRequest[];
  /** Absent on the last page. */
  readonly next_cursor?: string;
}

export interface RequestFilter {
  readonly workflow?: string;
  readonly trigger?: string;
  readonly outcome?: RequestOutcome;
  /** RFC 3339. */
  readonly since?: string;
  /** RFC 3339. */
  readonly until?: string;
  /** 1 to 1,000; 50 by default. */
  readonly limit?: number;
  readonly cursor?: string;
  readonly signal?: AbortSignal;
}

/** A run that was started, or why there is none. */
export type Redelivery =
  { readonly run_id: string; readonly status: string } | { readonly status: 'filtered'; readonly reason: string };

interface Abortable {
  readonly signal?: AbortSignal;
}

/** What reached the triggers, the newest first; also what was refused. */
export interface RequestsClient {
  readonly list: (filter?: RequestFilter) => Promise<InboxRequestPage>;
  readonly get: (id: string, options?: Abortable) => Promise<InboxRequestDetail>;
  /** Asks the trigger, as it is now, what the request shall start. One that was accepted is run again. */
  readonly redeliver: (id: string, options?: Abortable) => Promise<Redelivery>;
}

const targetOf = (id: string): string => `/requests/${encodeURIComponent(id)}`;

export const requestsOf = (
  send: Send,
  read: ReadBody,
  rerun: (runId: string, options: Abortable) => Promise<Redelivery>,
): RequestsClient => {
  const get: RequestsClient['get'] = (id, { signal } = {}) =>
    read(send({ method: 'GET', target: targetOf(id), isRepeatable: true, signal }), 'outcome');
  return {
    get,
    list: ({ signal, ...filter } = {}) => {
      const given = Object.entries(filter).map(([name, value]): [string, string] => [name, String(value)]);
      const target = `/requests?${new URLSearchParams(given).toString()}`;
      return read(send({ method: 'GET', target, isRepeatable: true, signal }), 'requests');
    },
    redeliver: async (id, call = {}) => {
      const { outcome } = await get(id, call);
      if (outcome === 'accepted') return rerun(id, call);
      const target = `${targetOf(id)}/redeliver`;
      return read<Redelivery>(
        send({ method: 'POST', target, isRepeatable: false, accepts: [422], signal: call.signal }),
        'status',
      );
    },
  };
};
