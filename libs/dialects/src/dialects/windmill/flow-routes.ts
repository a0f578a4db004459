/** What clients ask about the steps of flows and their approvals. A job here has no steps: each call is told so, and nothing is unknown. */
import { textAnswer } from '../../answer.ts';
import { type AnswerRoute, type DialectRoute, type ReadRoute } from '../../dialect.ts';
import { type InboundRequest } from '../../inbound-request.ts';
import { TEXT } from '../../openapi/media-types.ts';
import { isKnownWorkspace, WORKSPACE } from './addresses.ts';
import { tokensOf } from './credentials.ts';
import { CORS } from './errors.ts';
import { type WindmillSettings } from './settings.ts';

/** Says nothing about any job, whether it is there or not. There such an address needs no login; here nothing is open to everybody. */
const NO_APPROVAL = 'Not found: no approval is waited for: jobs of this server have no steps, and are not suspended';

/** Whatever is asked, the answer is a line of text. */
const describe = { answers: { 0: { 'text/plain': TEXT } } };

const stepResult = (prefix: string, tail: string, settings: WindmillSettings): ReadRoute => ({
  does: 'read',
  methods: ['GET'],
  url: `${WORKSPACE}/${prefix}/result_by_id/:job/:node`,
  operationId: `windmillResultById${tail}`,
  summary: 'The result of a step: 404, as no job has steps',
  describe,
  credentials: tokensOf,
  runId: (request) => (isKnownWorkspace(request, settings) ? (request.params['job'] ?? '') : ''),
  render: (_run, { params }: InboundRequest) =>
    textAnswer(404, `Not found: node result not found at name ${params['node'] ?? ''}: this job has no steps`, CORS),
});

const approval = (verb: string, prefix: string, tail: string): AnswerRoute => ({
  does: 'answer',
  access: 'read',
  credentials: tokensOf,
  methods: ['GET', 'POST'],
  url: `${WORKSPACE}/${prefix}/${verb}/:job/:resume/:secret`,
  operationId: `windmill${verb === 'resume' ? 'Resume' : 'Disapprove'}${tail}`,
  summary: 'An approval: 404, as no job waits for one',
  describe,
  answer: () => textAnswer(404, NO_APPROVAL, CORS),
});

/** `result_by_id/…`, `resume/…` and `cancel/{job}/…`, under `jobs_u/` and `jobs/`. */
export const flowRoutes = (settings: WindmillSettings): readonly DialectRoute[] =>
  [
    ['jobs_u', ''],
    ['jobs', 'WithLogin'],
  ].flatMap(([prefix = '', tail = '']) => [
    stepResult(prefix, tail, settings),
    approval('resume', prefix, tail),
    approval('cancel', prefix, tail),
  ]);
