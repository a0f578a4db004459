import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';

const describe = (description: string, rest: object) => ({ description, ...rest });

/** `[dialects.windmill]` in `millrace.toml`. */
export const SettingsSchema = Type.Object(
  {
    failed_status: Type.Integer(
      describe(
        'status of a synchronous call whose run failed: 200 as the documentation has it, 422 as servers since 2025',
        {
          default: 200,
          minimum: 200,
          maximum: 599,
        },
      ),
    ),
    accepted_status: Type.Integer(
      describe('status of an asynchronous call; some senders take nothing but 200', {
        default: 201,
        minimum: 200,
        maximum: 299,
      }),
    ),
    timeout_wait_result: Type.Number(
      describe('longest wait of a synchronous call, in seconds; then 500, and the run is cancelled', {
        variable: 'TIMEOUT_WAIT_RESULT',
        default: 600,
        exclusiveMinimum: 0,
        maximum: 86_400,
      }),
    ),
    timeout_sse_stream: Type.Number(
      describe('longest life of an event stream, in seconds; then a frame of type `timeout`, and the run goes on', {
        variable: 'TIMEOUT_SSE_STREAM',
        default: 60,
        exclusiveMinimum: 0,
        maximum: 86_400,
      }),
    ),
    include_headers: Type.Array(
      Type.String(),
      describe('headers that every run gets as arguments', {
        variable: 'INCLUDE_HEADERS',
        default: [],
      }),
    ),
    quoted_text: Type.Boolean(
      describe('a text with a content type of its own is sent with quotes, as JSON: as the documentation shows it', {
        default: false,
      }),
    ),
    space_wraps: Type.Boolean(
      describe('a JSON object behind white space becomes `{"body": …}`, as servers have it', { default: false }),
    ),
    unknown_types: Type.Enum(
      ['refuse', 'raw_string'],
      describe('a body of another type than those known: 415, or the argument `raw_string`', { default: 'refuse' }),
    ),
    workspaces: Type.Array(
      Type.String(),
      describe('names of workspaces that addresses may hold; empty: any, and all mean this server', { default: [] }),
    ),
    api_key_headers: Type.Array(
      Type.String(),
      describe('headers of custom routes that may hold a key of the trigger', { default: ['x-api-key'] }),
    ),
  },
  { additionalProperties: false },
);

/** What was configured for this dialect. */
export type WindmillSettings = Readonly<Static<typeof SettingsSchema>>;

/** @throws Error when a setting is not as the schema has it. */
export const readSettings = (settings: Readonly<Record<string, unknown>>): WindmillSettings =>
  Value.Parse(SettingsSchema, settings);
