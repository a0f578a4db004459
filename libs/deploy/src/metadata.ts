import { SECRET_NAME_PATTERN } from '@millrace/contracts';
import { type Static, Type } from 'typebox';
import {
  ADMISSION_FIELDS,
  DebounceDefinitionSchema,
  DebounceFileSchema,
  ON_LIMIT,
  QUEUE_LIMIT,
} from './admission-rules.ts';
import { BackoffDefinitionSchema } from './retry-backoff.ts';

const Method = Type.Union(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => Type.Literal(method)));
const DESCRIPTION_CHARACTERS_MAX = 2_000;
const SECRETS_MAX = 50;
const TRIGGERS_MAX = 50;
const RETRIES_MAX = 100;

const FIELDS = {
  description: Type.Optional(Type.String({ maxLength: DESCRIPTION_CHARACTERS_MAX })),
  input: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  env: Type.Optional(Type.Array(Type.String())),
  secrets: Type.Optional(Type.Array(Type.String({ pattern: SECRET_NAME_PATTERN }), { maxItems: SECRETS_MAX })),
  timeout: Type.Optional(Type.Unknown()),
  ...ADMISSION_FIELDS,
  retries: Type.Optional(
    Type.Object(
      {
        failed: Type.Optional(Type.Integer({ minimum: 0, maximum: RETRIES_MAX })),
        lost: Type.Optional(Type.Integer({ minimum: 0, maximum: RETRIES_MAX })),
        backoff: Type.Optional(BackoffDefinitionSchema),
      },
      { additionalProperties: false },
    ),
  ),
  methods: Type.Optional(Type.Array(Method, { minItems: 1 })),
  /** Each is checked by what its dialect knows of it. */
  triggers: Type.Optional(Type.Array(Type.Unknown(), { maxItems: TRIGGERS_MAX })),
};

/** The keys of a `.yaml` beside a workflow. */
export const MetadataFileSchema = Type.Object(
  {
    ...FIELDS,
    on_limit: Type.Optional(ON_LIMIT),
    queue_limit: Type.Optional(QUEUE_LIMIT),
    debounce: Type.Optional(DebounceFileSchema),
    delete_after_use: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

/** The keys of the first argument of `defineWorkflow`. */
export const DefinitionSchema = Type.Object(
  {
    ...FIELDS,
    onLimit: Type.Optional(ON_LIMIT),
    queueLimit: Type.Optional(QUEUE_LIMIT),
    debounce: Type.Optional(DebounceDefinitionSchema),
    deleteAfterUse: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

/** What an author says about a workflow, wherever it was said. */
export type Metadata = Static<typeof DefinitionSchema>;
