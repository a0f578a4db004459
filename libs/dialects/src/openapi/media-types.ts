import { Type } from 'typebox';
import { type MediaTypes } from '../route-description.ts';

export const JSON_TYPE = 'application/json';
export const ANYTHING = Type.Unknown();
export const TEXT = Type.String();

/** What dialects take that read every kind of body. */
export const ANY_BODY: MediaTypes = {
  [JSON_TYPE]: ANYTHING,
  'application/x-www-form-urlencoded': Type.Record(Type.String(), Type.String()),
  'multipart/form-data': Type.Record(Type.String(), Type.Unknown()),
  'text/plain': TEXT,
  'application/cloudevents+json': Type.Object({
    specversion: Type.String(),
    id: Type.String(),
    source: Type.String(),
    type: Type.String(),
    data: Type.Optional(Type.Unknown()),
  }),
  'application/cloudevents-batch+json': Type.Array(Type.Object({ specversion: Type.String(), id: Type.String() })),
  'application/octet-stream': TEXT,
};

export const EVENT_STREAM: MediaTypes = { 'text/event-stream': TEXT };
