import { type FactList, type NotOurs } from '../fact.ts';

/** Protocol 003. */
export const ENDPOINTS_LIST: FactList = {
  '3.1/methods': 'GET, POST, PUT and DELETE, newer PATCH, where the endpoint allows them',
  '3.1/other-methods': 'other methods are 405 with Allow; HEAD runs nothing',
  '3.1/id': ['a UUID since 2026, a name before', 'both'],
  '3.1/twins': '409 with detail for a name of two workflows',
  '3.1/order-1': ['422 without a key header', '401: the key may be in either of two headers'],
  '3.1/order-2': ['400 for an id that is no UUID', '404: names are addresses'],
  '3.1/order-3': '401 for a key that is wrong, whether the workflow is there or not',
  '3.1/order-4': '404 for what is not there or not enabled, which a good key learns',
  '3.1/order-5': ['405 that says what is allowed, without Allow', 'with it'],
  '3.1/order-6': ['200 with the envelope, however it ended', 'the body that was returned; `body = "envelope"` has it'],
  '3.1/errors': ['two forms of errors', 'one: detail'],
  '3.1/cache': ['an endpoint that was switched off is called for 300 s more', 'switched off is off'],
  '3.2/header': ['only X-Bifrost-Key', 'and Bearer, which the document shows'],
  '3.2/public': ['public_endpoint and disable_global_key do nothing', 'they do what they say'],
  '3.2/keys': ['one key of a workflow, which may expire, by an API of its own', 'tokens of this server, with expiry'],
  '3.2/identity': ['it runs as a user of the system', 'a run is requested by the token'],
  '3.3/query': 'query parameters, the last of a name; members of an object win, whatever the type',
  '3.3/other-bodies': ['lists, scalars, forms and texts are ignored', 'they are there, as payload and body'],
  '3.3/binding': [
    'surplus names are dropped, texts become what parameters are, a missing one fails the run',
    'by the schema; 422 for what does not fit',
  ],
  '3.3/injection': ['payload, body, headers and query are not injected', 'they are, as the document has it'],
  '3.3/no-limit': ['no limit of size', '1 MiB: 413'],
  '3.4/envelope': 'six keys, all there',
  '3.4/statuses': [
    'Success, Failed, Timeout, CompletedWithErrors, Cancelled, Pending, and some more',
    'those; Scheduled, Stuck and Cancelling are none of a run',
  ],
  '3.4/pending': 'async is 200 and Pending, with its message',
  '3.4/http-200': ['200 in every case', 'a failure is 500, a time-out 504; the envelope is 200'],
  '3.4/timeout': ['1800 s, then `Timeout`', 'the time of the workflow; the wait is 1800 s'],
  '3.4/tuple': ['a pair is a list in an envelope', 'body and status, as the document has it'],
  '3.4/polling': ['executions are for users who have logged in', 'for the key of the endpoint, too'],
  '3.4/execution': 'an execution has id, workflow, status, input, result, times',
  '3.4/no-stream': 'no stream',
  '3.5/none': ['nothing of CloudEvents', 'their data is the payload'],
  '3.6/address': 'hooks/{uuid}, five methods, without login',
  '3.6/202': '202 `Accepted`',
  '3.6/404': '404 `Not Found`',
  '3.6/401': '401, for a header that is missing and for one that is wrong',
  '3.6/429': ['429 as JSON, with Retry-After; 60 a minute', 'where the source has a rate_limit'],
  '3.6/500': ['500 as text', 'a text, too; what cannot be recorded is 503, to be sent again'],
  '3.6/200': 'challenges of adapters are 200',
  '3.6/health': 'hooks/health is OK',
  '3.6/generic':
    'generic: a hex digest with sha256=, by default in X-Signature-256; the type of an event from field or header',
  '3.6/graph': 'microsoft_graph: validationToken as text, a wrong clientState is 401',
  '3.6/body': [
    'fields flat beside _event, texts as body; or input_mapping',
    '`input` maps, in CEL; id and time are in ctx.run',
  ],
  '3.6/fan-out': [
    'several subscribers, and states of deliveries',
    'one workflow; /requests has what started nothing, and delivers it again',
  ],
  '3.6/rejected': ['refused deliveries are only logged', 'they are in /requests'],
  '3.6/source-ip': [
    'the address is the first of X-Forwarded-For, unchecked',
    'that of the connection, unless a proxy is trusted',
  ],
  '3.6/openapi': ['OpenAPI names each endpoint', 'it describes the address, with the key as a scheme'],
  '3.6/no-dedup': ['nothing is recognised as a repeat', 'Idempotency-Key, and deliveries with an id'],
  '3.6/csrf': ['cookies of a session are protected', 'cookies mean nothing here'],
  '3.7/promises':
    'what is promised and missing there: raw bodies for signatures, with a Bearer key, by name; the rest is above',
};

export const ENDPOINTS_NOT_OURS: NotOurs = {
  '3.2/hash': ['keys are random and kept as digests', 'what is kept of a key is not on the wire'],
};
