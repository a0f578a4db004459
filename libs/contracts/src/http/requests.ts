import { type Static, Type } from 'typebox';
import { InboxRecordSchema } from '../inbox.ts';
import { WORKFLOW_PATH_PATTERN } from '../workflows.ts';
import { optional } from './fields.ts';

const { properties } = InboxRecordSchema;

const TRIGGER_ID_PATTERN = String.raw`^([A-Za-z0-9_-]{1,64}|\*)$`;

/** One request that reached a trigger; one that was accepted is told by its run, whose id it has. */
export const RequestViewSchema = Type.Object(
  {
    id: Type.String(),
    time: Type.String(),
    workflow: Type.String(),
    dialect: Type.String(),
    trigger: Type.String({ description: '`*` when several share the address and none of them was meant' }),
    outcome: Type.Enum(['accepted', 'refused', 'filtered', 'duplicate', 'challenge']),
    code: Type.String({ description: 'code of the error, else the outcome' }),
    reason: optional(Type.String()),
    verified: Type.String(),
    method: Type.String(),
    path: Type.String(),
    from: optional(Type.String()),
    delivery: optional(Type.String()),
    run_id: optional(Type.String()),
    requested_by: optional(Type.String()),
  },
  { title: 'Request' },
);
export type RequestView = Static<typeof RequestViewSchema>;

export const RequestDetailSchema = Type.Object(
  {
    ...RequestViewSchema.properties,
    query: optional(properties.query),
    headers: optional(properties.headers),
    body: properties.body,
    body_bytes: optional(Type.Integer()),
  },
  { title: 'RequestDetail' },
);
export type RequestDetail = Static<typeof RequestDetailSchema>;

export const RequestListSchema = Type.Object(
  { requests: Type.Array(RequestViewSchema), next_cursor: optional(Type.String()) },
  { title: 'RequestList' },
);

export const RequestListQuerySchema = Type.Object(
  {
    workflow: optional(Type.String({ pattern: WORKFLOW_PATH_PATTERN, description: 'the path of a workflow' })),
    trigger: optional(Type.String({ pattern: TRIGGER_ID_PATTERN, description: 'the id of a trigger' })),
    outcome: optional(Type.Enum(['accepted', 'refused', 'filtered', 'duplicate', 'challenge'])),
    since: optional(Type.String({ description: 'RFC 3339' })),
    until: optional(Type.String({ description: 'RFC 3339' })),
    cursor: optional(Type.String()),
    limit: optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  },
  { additionalProperties: false },
);

export const TriggerSwitchSchema = Type.Object(
  {
    workflow: Type.String(),
    trigger: Type.String({ description: 'id of the trigger; a dialect for its automatic one' }),
    reason: optional(Type.String({ maxLength: 1_000 })),
  },
  { additionalProperties: false, title: 'TriggerSwitch' },
);
export const TriggerSwitchedSchema = Type.Object({
  workflow: Type.String(),
  trigger: Type.String(),
  state: Type.Enum(['stopped', 'disabled', 'enabled']),
  reason: Type.String(),
  at: Type.String(),
});
