import { DEFAULT_WORKSPACE, messagingSubject, type RunPolicy, type RunRequested } from '@millrace/contracts';
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
}

const idempotencyOf = (request: RunRequest): Pick<RunRequested['data'], 'idempotency'> => {
  const { idempotencyKey: key, deliveryKey, principal, workflow, input, env } = request;
  if (key === undefined)
    return deliveryKey === undefined ? {} : { idempotency: identifyDelivery(request, deliveryKey) };
  return { idempotency: identifyRequest({ principalId: principal.id, workflow, key, arguments: { input, env } }) };
};

/** Headers of a repeated delivery differ, and with them perhaps the input: the sender's id alone decides. */
const identifyDelivery = ({ principal, workflow }: RunRequest, key: string) =>
  identifyRequest({ principalId: principal.id, workflow, key: `delivery ${key}`, arguments: { input: null } });

/** The event that records a request. */
export const requestedEvent = (request: RunRequest, context: RequestedEventContext): RunRequested => {
  const { runId, gatewayId, policy } = context;
  const wantsReply = request.waits || policy.onLimit === 'reject';
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
      ...(request.trigger === undefined ? {} : { trigger: request.trigger }),
      ...(request.stopAfter === undefined ? {} : { stopAfter: [...request.stopAfter] }),
      ...(request.cloudEvent === undefined ? {} : { cloudEvent: request.cloudEvent }),
    },
  };
};
