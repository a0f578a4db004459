import { DEFAULT_WORKSPACE, messagingSubject, type RunPolicy, type RunRequested } from '@millrace/contracts';
import { type AdmissionTerms, awaitsWord } from '@millrace/domain';
import { type RunRequest } from './request-run.ts';
import { identifyRequest } from './idempotency.ts';

export interface RequestedEventContext {
  readonly gatewayId: string;
  readonly runId: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly traceparent: string;
  readonly env: Readonly<Record<string, string>>;
  readonly policy: RunPolicy;
  readonly terms: AdmissionTerms;
  /** RFC 3339; `undefined`: it starts as soon as it may. */
  readonly notBefore: string | undefined;
}

const idempotencyOf = (request: RunRequest): Pick<RunRequested['data'], 'idempotency'> => {
  const { idempotencyKey: key, deliveryKey, principal, workflow, input, env } = request;
  // No signature covers the header of the key: who repeats a delivery could choose another one.
  if (deliveryKey !== undefined) return { idempotency: identifyDelivery(request, deliveryKey) };
  if (key === undefined) return {};
  return { idempotency: identifyRequest({ principalId: principal.id, workflow, key, arguments: { input, env } }) };
};

/** Headers of a repeated delivery differ, and with them perhaps the input: the sender's id alone decides. */
const identifyDelivery = ({ principal, workflow }: RunRequest, key: string) =>
  identifyRequest({ principalId: principal.id, workflow, key: `delivery ${key}`, arguments: { input: null } });

/** The event that records a request. */
export const requestedEvent = (request: RunRequest, context: RequestedEventContext): RunRequested => {
  const { runId, gatewayId, policy } = context;
  const wantsReply = request.waits || awaitsWord(policy);
  return {
    specversion: '1.0',
    id: runId,
    source: `/millrace/gateway/${gatewayId}`,
    type: 'dev.millrace.run.requested.v1',
    subject: runId,
    time: new Date(context.now).toISOString(),
    datacontenttype: 'application/json',
    workspace: DEFAULT_WORKSPACE,
    workflow: request.workflow,
    traceparent: context.traceparent,
    data: {
      version: request.version.version,
      kind: request.version.kind,
      input: request.input,
      env: context.env,
      policy,
      dialect: request.dialect,
      requestedBy: request.principal.id,
      ...(wantsReply ? { replyTo: messagingSubject.reply(gatewayId, runId) } : {}),
      ...idempotencyOf(request),
      ...(request.rerunOf === undefined ? {} : { rerunOf: request.rerunOf }),
      ...context.terms,
      ...(context.notBefore === undefined ? {} : { notBefore: context.notBefore }),
      ...(request.trigger === undefined ? {} : { trigger: request.trigger }),
      ...(request.stopAfter === undefined ? {} : { stopAfter: [...request.stopAfter] }),
      ...(request.cloudEvent === undefined ? {} : { cloudEvent: request.cloudEvent }),
    },
  };
};
